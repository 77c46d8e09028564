#include "retriever/features.h"

#include <algorithm>
#include <cmath>

namespace stylus::retriever {
namespace {

constexpr double kUnknownIdf = 8;  ///< Weight of an unknown stem in title_coverage.

/// Calls visit(terms of one tag) for each tag of a slot.
template <typename Visit>
void for_each_tag(std::span<const std::uint32_t> tags, const Visit& visit) {
  while (!tags.empty()) {
    const std::size_t length = std::min<std::size_t>(tags[0], tags.size() - 1);
    visit(tags.subspan(1, length));
    tags = tags.subspan(1 + length);
  }
}

double title_coverage(const IndexView& view, std::size_t part, std::uint32_t slot,
                      const LexicalLane& lane) {
  double total = 0;
  double covered = 0;
  for (std::size_t i = 0; i < lane.stems.size(); ++i) {
    const bool known = lane.uses[i].adapters > 0;
    const double weight = known ? lane.idfs[i] : kUnknownIdf;
    total += weight;
    const auto number = lane.uses[i].numbers[part];
    const Posting* posting = number ? view.find_posting(*number, slot) : nullptr;
    if (posting != nullptr && posting->count[kTitle] > 0) {
      covered += weight;
    }
  }
  return total > 0 ? covered / total : 0;
}

void match_tags(const IndexView& view, std::size_t part, std::uint32_t slot,
                const LexicalLane& lane, const std::vector<std::string>& stems,
                Features& features) {
  std::vector<std::uint32_t> wanted;
  for (const std::string& stem : stems) {
    const auto at = std::find(lane.stems.begin(), lane.stems.end(), stem);
    const auto number = lane.uses[static_cast<std::size_t>(at - lane.stems.begin())].numbers[part];
    if (!number) {
      wanted.clear();  // no tag of this part holds the stem, so none equals the query
      break;
    }
    wanted.push_back(*number);
  }
  const auto head_at = std::find(lane.stems.begin(), lane.stems.end(), stems.back());
  const auto head = lane.uses[static_cast<std::size_t>(head_at - lane.stems.begin())].numbers[part];
  for_each_tag(view.tag_terms(slot), [&](std::span<const std::uint32_t> tag) {
    if (!wanted.empty() && std::equal(tag.begin(), tag.end(), wanted.begin(), wanted.end())) {
      features.tag_equal = 1;
    }
    if (head && tag.size() == 1 && tag[0] == *head) {
      features.tag_equal_head = 1;
    }
  });
}

}  // namespace

Features features_of(const Corpus& corpus, const Fusion& fusion, const LexicalLane& lane,
                     const std::vector<std::string>& stems, const Found& found) {
  Features features;
  features.fusion = found.score;
  features.z_lexical = static_cast<float>(fusion.z_lexical(found.lexical));
  features.lexical = found.lexical;
  const auto log_field = [&](std::size_t field) {
    return static_cast<float>(std::log1p(field_bm25(corpus, lane, field, found.place)));
  };
  features.log_title = log_field(kTitle);
  features.log_tags = log_field(kTags);
  features.log_description = log_field(kDescription);
  if (fusion.has_dense()) {
    features.cos_title_tags = found.cosines[1];
    features.z_title = static_cast<float>(fusion.z_cosine(0, found.cosines[0]));
    features.z_title_tags = static_cast<float>(fusion.z_cosine(1, found.cosines[1]));
    features.z_summary = static_cast<float>(fusion.z_cosine(2, found.cosines[2]));
  }
  const std::size_t part = part_of(found.place);
  const IndexView& view = corpus.parts()[part].view;
  const std::uint32_t slot = slot_in_part(found.place);
  features.title_coverage = static_cast<float>(title_coverage(view, part, slot, lane));
  if (!stems.empty()) {
    match_tags(view, part, slot, lane, stems, features);
  }
  return features;
}

}  // namespace stylus::retriever
