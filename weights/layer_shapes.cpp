#include "weights/layer_shapes.h"

#include <algorithm>
#include <tuple>
#include <vector>

namespace stylus::weights {
namespace {

std::string shape_text(const Tensor& tensor) {
  std::string text = "[";
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    text += i == 0 ? "" : ", ";
    text += std::to_string(tensor.shape[i]);
  }
  return text + "]";
}

std::string disagree(const char* first, const Tensor& a, const char* second, const Tensor& b) {
  std::string text = first;
  text += ' ';
  text += shape_text(a);
  text += " does not fit ";
  text += second;
  text += ' ';
  text += shape_text(b);
  return text;
}

bool is_matrix(const Tensor& tensor) { return tensor.shape.size() >= 2; }

/// True for [rows, columns] with nothing but ones behind it.
bool is_plain_matrix(const Tensor& tensor) {
  return is_matrix(tensor) && std::all_of(tensor.shape.begin() + 2, tensor.shape.end(),
                                          [](std::int64_t size) { return size == 1; });
}

/// a [rows, r] times b [r, …].
std::string product_problem(const Tensor& a, const Tensor& b) {
  const bool fits =
      is_plain_matrix(a) && is_matrix(b) && a.shape[1] == b.shape[0] && b.shape[0] > 0;
  return fits ? "" : disagree("left factor", a, "right factor", b);
}

/// Core [m, n, …] between a [m, O] and b [n, I], as LoHa and LoKr store the CP form.
std::string core_problem(const Tensor& core, const Tensor& a, const Tensor& b) {
  const bool fits = is_matrix(core) && is_plain_matrix(a) && is_plain_matrix(b) &&
                    core.shape[0] == a.shape[0] && core.shape[1] == b.shape[0] &&
                    core.shape[0] > 0 && core.shape[1] > 0;
  return fits ? "" : disagree("core", core, "its outer factors, the first of them", a);
}

std::string lora_problem(const LayerUpdate& layer) {
  const Tensor& down = *layer.part(Part::kDown);
  const Tensor& up = *layer.part(Part::kUp);
  const Tensor* mid = layer.part(Part::kMid);
  if (mid == nullptr) {
    std::string problem = product_problem(up, down);
    return problem.empty() ? "" : disagree("up", up, "down", down);
  }
  const bool fits = is_matrix(*mid) && is_plain_matrix(up) && is_plain_matrix(down) &&
                    mid->shape[0] == up.shape[1] && mid->shape[1] == down.shape[0] &&
                    mid->shape[0] > 0 && mid->shape[1] > 0;
  return fits ? "" : disagree("mid", *mid, "its outer factors, the first of them", up);
}

/// The shape of one side of LoHa, all axes.
std::vector<std::int64_t> hada_shape(const Tensor& a, const Tensor& b, const Tensor* core) {
  std::vector<std::int64_t> shape{a.shape[core != nullptr ? 1 : 0]};
  shape.insert(shape.end(), b.shape.begin() + 1, b.shape.end());
  if (core != nullptr) {
    shape.insert(shape.end(), core->shape.begin() + 2, core->shape.end());
  }
  return shape;
}

std::string loha_problem(const LayerUpdate& layer) {
  const Tensor& a1 = *layer.part(Part::kHadaW1A);
  const Tensor& b1 = *layer.part(Part::kHadaW1B);
  const Tensor& a2 = *layer.part(Part::kHadaW2A);
  const Tensor& b2 = *layer.part(Part::kHadaW2B);
  const Tensor* t1 = layer.part(Part::kHadaT1);
  const Tensor* t2 = layer.part(Part::kHadaT2);
  if ((t1 == nullptr) != (t2 == nullptr)) {
    return "only one of hada_t1 and hada_t2 is there";
  }
  for (const auto& [a, b, core] : {std::tie(a1, b1, t1), std::tie(a2, b2, t2)}) {
    std::string problem = core == nullptr ? product_problem(a, b) : core_problem(*core, a, b);
    if (!problem.empty()) {
      return problem;
    }
  }
  return hada_shape(a1, b1, t1) == hada_shape(a2, b2, t2)
             ? ""
             : disagree("hada_w1_b", b1, "hada_w2_b", b2);
}

std::string lokr_factor_problem(const Tensor* whole, const Tensor* a, const Tensor* b,
                                const Tensor* core) {
  if (whole != nullptr) {
    return is_matrix(*whole) ? "" : "a LoKr factor " + shape_text(*whole) + " is no matrix";
  }
  return core == nullptr ? product_problem(*a, *b) : core_problem(*core, *a, *b);
}

std::string lokr_problem(const LayerUpdate& layer) {
  std::string first = lokr_factor_problem(layer.part(Part::kLokrW1), layer.part(Part::kLokrW1A),
                                          layer.part(Part::kLokrW1B), layer.part(Part::kLokrT1));
  if (!first.empty()) {
    return first;
  }
  return lokr_factor_problem(layer.part(Part::kLokrW2), layer.part(Part::kLokrW2A),
                             layer.part(Part::kLokrW2B), layer.part(Part::kLokrT2));
}

std::string glora_problem(const LayerUpdate& layer) {
  const auto [a_left, a_right, b_left, b_right] = glora_factors(layer);
  std::string problem = product_problem(*a_left, *a_right);
  if (problem.empty()) {
    problem = product_problem(*b_left, *b_right);
  }
  if (problem.empty() && !(is_plain_matrix(*a_right) && a_left->shape[0] == a_right->shape[1] &&
                           a_left->shape[0] == b_right->shape[1])) {
    problem = disagree("a1", *a_left, "b2", *b_right);
  }
  return problem;
}

}  // namespace

std::string shape_problem(const LayerUpdate& layer) {
  switch (layer.algorithm) {
    case Algorithm::kLora:
      return lora_problem(layer);
    case Algorithm::kLoha:
      return loha_problem(layer);
    case Algorithm::kLokr:
      return lokr_problem(layer);
    case Algorithm::kGlora:
      return glora_problem(layer);
    default:
      return "";  // no two factors that would have to agree
  }
}

}  // namespace stylus::weights
