#include "composer/composer.h"

#include <algorithm>

#include "composer/composition.h"
#include "support/error.h"

namespace stylus::composer {
namespace {

constexpr std::size_t kMaxFilters = 8;

}  // namespace

Shelf shelf_of(const catalog::Catalog& catalog) {
  Shelf shelf;
  shelf.get = [&catalog](catalog::AdapterRow row) { return catalog.get(row); };
  shelf.find = [&catalog](std::string_view what) -> std::optional<catalog::Adapter> {
    try {
      return catalog.resolve(what);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kNotFound || error.code() == ErrorCode::kInvalidArgument) {
        return std::nullopt;
      }
      throw;
    }
  };
  shelf.compile = [&catalog](const catalog::Filter& filter) { return catalog.compile(filter); };
  shelf.revision = [&catalog] { return catalog.revision(); };
  shelf.size = [&catalog] { return catalog.size(); };
  return shelf;
}

void ComposerState::forget_old_filters() {
  if (filters.size() > kMaxFilters ||
      (!filters.empty() && filters.front()->revision != shelf.revision())) {
    filters.clear();
  }
}

const CachedFilter& ComposerState::compile(const catalog::Filter& filter) {
  const std::int64_t revision = shelf.revision();
  const auto found = std::find_if(filters.begin(), filters.end(), [&](const auto& cached) {
    return cached->revision == revision && cached->filter == filter;
  });
  if (found != filters.end()) {
    return **found;
  }
  auto cached = std::make_unique<CachedFilter>();
  cached->filter = filter;
  cached->revision = revision;
  cached->compiled = shelf.compile(filter);
  cached->count = cached->compiled.allowed.size() + cached->compiled.only_if_named.size();
  filters.push_back(std::move(cached));
  return *filters.back();
}

Composer::Composer(const catalog::Catalog& catalog, const retriever::Retriever& retriever,
                   const encoder::TextEncoder* encoder)
    : Composer(shelf_of(catalog), retriever, encoder) {}

Composer::Composer(Shelf shelf, const retriever::Retriever& retriever,
                   const encoder::TextEncoder* encoder)
    : state_(std::make_unique<ComposerState>(
          ComposerState{std::move(shelf), retriever, encoder, {}})) {}

Composer::Composer(Composer&&) noexcept = default;
Composer& Composer::operator=(Composer&&) noexcept = default;
Composer::~Composer() = default;

Plan Composer::plan(std::string_view prompt, const ComposeOptions& options) const {
  state_->forget_old_filters();
  return Composition(*state_, prompt, options).plan();
}

}  // namespace stylus::composer
