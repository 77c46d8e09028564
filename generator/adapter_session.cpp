#include "generator/adapter_session.h"

#include <algorithm>

#include "generator/lora/engine_plan.h"
#include "support/error.h"

namespace stylus::generator {
namespace {

ComponentLayers layers_of(nn::Checkpoint& model) {
  ComponentLayers components;
  components["unet"] = model.unet->layers();
  for (std::size_t i = 0; i < model.text_encoders.size(); ++i) {
    components[i == 0 ? "text_encoder" : "text_encoder_2"] = model.text_encoders[i]->layers();
  }
  return components;
}

/// Whether some of its updates of the denoiser cannot stand beside the weights.
bool must_be_merged(const AdapterWeights& adapter) {
  return std::any_of(adapter.layers.begin(), adapter.layers.end(), [](const LayerFactors& layer) {
    return !is_text_component(layer.component) && layer.must_be_merged();
  });
}

bool is_whole_run(const StepWindow& window) { return window.begin <= 0 && window.end >= 1; }

}  // namespace

AdapterSession::AdapterSession(nn::Checkpoint& model) : engine_(layers_of(model)) {}

void AdapterSession::open(const RenderRequest& request) {
  set_.clear();
  windows_.clear();
  reports_.clear();
  rows_.clear();
  active_multipliers_.clear();
  composition_ = request.composition;
  switch_period_ = request.switch_period;
  // From the end, while this thread loads from the front: two cores read, none waits for the other.
  for (std::size_t i = request.adapters.size(); i > 1; --i) {
    engine_.prefetch(request.adapters[i - 1].file);
  }
  for (const RequestAdapter& wanted : request.adapters) {
    AdapterUse use;
    use.adapter = engine_.load(wanted.file);
    use.weight = wanted.weight;
    use.text_encoder_weight = wanted.text_encoder_weight;
    use.blocks = wanted.blocks;
    reports_.push_back(use.adapter->report);
    reports_.back().file = wanted.file.string();  // without the quotes of messages
    set_.push_back(std::move(use));
    windows_.push_back(wanted.window);
  }
  for (const RequestImage& image : request.images) {
    require(image.mask.empty() || image.mask.size() == set_.size(), ErrorCode::kInvalidArgument,
            "a picture's mask has ", image.mask.size(), " entries for ", set_.size(), " adapters");
    rows_.push_back(image.mask.empty() ? std::vector<double>(set_.size(), 1.0) : image.mask);
  }
  groups_ = group_images_by_set(rows_);
  if (groups_.size() == 1) {
    leave_out_idle();
  }
  require(groups_.size() <= 1 || composition_ == Composition::kSum, ErrorCode::kUnsupported,
          "pictures with different adapters can only be summed, not switched or composited; "
          "render them one set at a time");
  for (const AdapterUse& use : set_) {
    require(composition_ != Composition::kComposite || set_.size() == 1 ||
                !must_be_merged(*use.adapter),
            ErrorCode::kUnsupported, "composite runs all adapters side by side, and ",
            use.adapter->report.file,
            " can only be merged (it is more than plain LoRA or LoCon); use sum or switch");
  }
}

void AdapterSession::leave_out_idle() {
  const std::vector<double> factors = groups_.front().multipliers;
  const auto keep = [&factors](auto& list) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < factors.size(); ++i) {
      if (factors[i] != 0) {
        std::swap(list[kept++], list[i]);
      }
    }
    list.resize(kept);
  };
  keep(set_);
  keep(windows_);
  std::for_each(rows_.begin(), rows_.end(), keep);
  keep(groups_.front().multipliers);
}

std::vector<AdapterUse> AdapterSession::uses_of(const std::vector<double>& factors) const {
  std::vector<AdapterUse> uses;
  for (std::size_t i = 0; i < set_.size(); ++i) {
    if (factors[i] != 0) {
      AdapterUse use = set_[i];
      use.weight *= factors[i];
      use.text_encoder_weight = use.text_encoder_weight.value_or(set_[i].weight) * factors[i];
      uses.push_back(std::move(use));
    }
  }
  return uses;
}

void AdapterSession::use_text_encoders(const ImageGroup& group) {
  engine_.apply(uses_of(group.multipliers), ApplyMode::kMerge, ApplyScope::kTextEncoders);
}

bool AdapterSession::changes_by_step() const {
  return composition_ == Composition::kSwitch ||
         !std::all_of(windows_.begin(), windows_.end(), is_whole_run);
}

bool AdapterSession::differs_in_merged_updates() const {
  for (std::size_t i = 0; i < set_.size(); ++i) {
    const auto differs = [&](const std::vector<double>& row) { return row[i] != rows_[0][i]; };
    if (std::any_of(rows_.begin(), rows_.end(), differs) && must_be_merged(*set_[i].adapter)) {
      return true;
    }
  }
  return false;
}

bool AdapterSession::can_share_batches() const {
  return groups_.size() <= 1 || !(changes_by_step() || differs_in_merged_updates());
}

void AdapterSession::use_denoiser(const std::vector<std::size_t>& rows, std::int64_t repeats) {
  active_multipliers_.clear();
  if (set_.empty()) {
    engine_.apply({}, ApplyMode::kMerge, ApplyScope::kDenoiser);
    return;
  }
  if (composition_ == Composition::kComposite && set_.size() > 1) {
    std::vector<std::vector<double>> passes;
    for (const std::vector<double>& pass : composite_multipliers(set_.size())) {
      for (const std::size_t row : rows) {
        std::vector<double> factors = pass;
        for (std::size_t i = 0; i < factors.size(); ++i) {
          factors[i] *= rows_[row][i];
        }
        passes.push_back(std::move(factors));
      }
    }
    engine_.apply_per_image(set_, passes, repeats);
    return;
  }
  const bool all_equal = std::all_of(
      rows.begin(), rows.end(), [&](std::size_t row) { return rows_[row] == rows_[rows.front()]; });
  if (all_equal) {
    std::vector<AdapterUse> uses = set_;
    for (std::size_t i = 0; i < uses.size(); ++i) {
      uses[i].weight *= rows_[rows.front()][i];
    }
    engine_.apply(uses, changes_by_step() ? ApplyMode::kSide : ApplyMode::kMerge,
                  ApplyScope::kDenoiser);
    return;
  }
  std::vector<std::vector<double>> factors;
  for (const std::size_t row : rows) {
    factors.push_back(rows_[row]);
  }
  engine_.apply_per_image(set_, factors, repeats);
}

std::vector<double> AdapterSession::multipliers_at(std::size_t step, std::size_t steps) const {
  std::vector<double> factors = window_multipliers(windows_, step, steps);
  if (composition_ == Composition::kSwitch && set_.size() > 1) {
    const std::vector<double> turns = switch_multipliers(set_.size(), step, switch_period_);
    for (std::size_t i = 0; i < factors.size(); ++i) {
      factors[i] *= turns[i];
    }
  }
  return factors;
}

bool AdapterSession::before_step(std::size_t step, std::size_t steps) {
  if (set_.empty() || !changes_by_step()) {
    return false;
  }
  std::vector<double> factors = multipliers_at(step, steps);
  if (factors == active_multipliers_) {
    return false;
  }
  engine_.set_multipliers(factors, ApplyScope::kDenoiser);
  active_multipliers_ = std::move(factors);
  return true;
}

std::size_t AdapterSession::passes() const {
  return composition_ == Composition::kComposite ? std::max<std::size_t>(set_.size(), 1) : 1;
}

void AdapterSession::close() { engine_.clear(); }

}  // namespace stylus::generator
