#include "app/plan_table.h"

#include <sstream>

#include "app/output.h"
#include "support/text.h"

namespace stylus::app {
namespace {

using composer::Keyword;
using composer::Plan;
using composer::PlanAdapter;
using composer::PlanPick;

/// Confidence in words. It is the chance that an independent plan picks this very adapter out of
/// the whole catalogue, so one in three is a lot (docs/formats.md#plan).
std::string fit_word(double confidence) {
  return confidence >= 0.3 ? "strong" : confidence >= 0.1 ? "fair" : "weak";
}

const PlanPick* pick_of(const Plan& plan, const PlanAdapter& adapter, int keyword) {
  for (const PlanPick& pick : plan.keywords[static_cast<std::size_t>(keyword)].picks) {
    if (pick.id == adapter.id) {
      return &pick;
    }
  }
  return nullptr;
}

std::string weight_text(const composer::WeightEvidence& evidence) {
  if (evidence.source == "user") {
    return "weight: yours";
  }
  if (evidence.source == "example_prompts") {
    return "weight: " + std::to_string(evidence.count.value_or(0)) + " example prompts, median " +
           number(evidence.median.value_or(evidence.base));
  }
  if (evidence.source == "card") {
    return "weight: card says " + number(evidence.base);
  }
  return "weight: default";
}

std::string why_text(const Plan& plan, const PlanAdapter& adapter) {
  std::vector<std::string> parts;
  for (const int keyword : adapter.keywords) {
    if (const PlanPick* pick = pick_of(plan, adapter, keyword);
        pick != nullptr && !pick->evidence.empty()) {
      parts.push_back(evidence_text(pick->evidence));
    }
  }
  if (adapter.keywords.empty()) {
    parts.emplace_back("pinned by you");
  }
  parts.push_back(weight_text(adapter.weight_evidence));
  for (const composer::PlanTrigger& trigger : adapter.triggers) {
    parts.push_back((trigger.inserted ? "adds trigger \"" : "trigger in prompt \"") + trigger.text +
                    "\"");
  }
  return join(parts, "; ");
}

void write_adapters(const Plan& plan, std::ostream& out) {
  Table table({"keyword", "adapter", "weight", "fit", "why"});
  for (const PlanAdapter& adapter : plan.adapters) {
    std::vector<std::string> words;
    double confidence = 0;
    for (const int index : adapter.keywords) {
      const Keyword& keyword = plan.keywords[static_cast<std::size_t>(index)];
      words.push_back(keyword.text);
      confidence = std::max(confidence, keyword.confidence);
    }
    table.add({{words.empty() ? "(pinned)" : join(words, ", "), Ink::kCyan},
               {adapter.name, Ink::kBold},
               {number(adapter.weight), Ink::kGreen},
               words.empty() ? "" : (plan.composer_kind == "llm" ? "model" : fit_word(confidence)),
               {why_text(plan, adapter), Ink::kDim}});
  }
  out << table.str();
}

void write_closing(const Plan& plan, std::ostream& out) {
  if (plan.rendered_prompt != plan.prompt) {
    out << ink("prompt  ", Ink::kDim) << printable(plan.rendered_prompt) << '\n';
  }
  for (const std::string& warning : plan.warnings) {
    out << ink("note    ", Ink::kYellow) << printable(warning) << '\n';
  }
}

}  // namespace

std::string evidence_text(const std::vector<composer::Evidence>& evidence) {
  std::vector<std::string> parts;
  parts.reserve(evidence.size());
  for (const composer::Evidence& each : evidence) {
    parts.push_back(each.match.empty() ? each.field : each.field + " \"" + each.match + "\"");
  }
  return join(parts, ", ");
}

std::string plan_table(const Plan& plan) {
  std::ostringstream out;
  if (plan.adapters.empty()) {
    out << "No adapter: nothing in the catalogue serves this prompt well enough.\n";
  } else {
    write_adapters(plan, out);
  }
  std::vector<std::string> bare;
  for (const Keyword& keyword : plan.keywords) {
    if (keyword.picks.empty()) {
      bare.push_back(keyword.text + (keyword.reason.empty() ? "" : " (" + keyword.reason + ")"));
    }
  }
  if (!bare.empty()) {
    out << ink("without ", Ink::kDim) << printable(join(bare, ", ")) << '\n';
  }
  write_closing(plan, out);
  return out.str();
}

std::string plan_explanation(const Plan& plan) {
  std::ostringstream out;
  out << ink(printable(plan.prompt), Ink::kBold) << '\n'
      << ink("base " + plan.base + ", catalogue of " + std::to_string(plan.catalog_adapters) +
                 " adapters at revision " + std::to_string(plan.catalog_revision) +
                 (plan.encoder.empty() ? ", no text encoder" : ", encoder " + plan.encoder),
             Ink::kDim)
      << "\n\n";
  for (const Keyword& keyword : plan.keywords) {
    out << ink(printable(keyword.text), Ink::kCyan) << "  " << keyword.decision << ", "
        << "confidence " << number(keyword.confidence)
        << (keyword.reason.empty() ? "" : ": " + printable(keyword.reason)) << '\n';
    for (const PlanPick& pick : keyword.picks) {
      out << "  + " << ink(printable(pick.name), Ink::kBold) << " (" << printable(pick.id)
          << ")  score " << number(pick.score) << "  " << printable(evidence_text(pick.evidence))
          << '\n';
    }
    for (const composer::RunnerUp& runner : keyword.runners_up) {
      out << ink("  - " + printable(runner.name.empty() ? runner.id : runner.name) + "  score " +
                     number(runner.score) + "  " + printable(runner.why_not),
                 Ink::kDim)
          << '\n';
    }
  }
  out << '\n';
  if (!plan.adapters.empty()) {
    write_adapters(plan, out);
  }
  write_closing(plan, out);
  return out.str();
}

}  // namespace stylus::app
