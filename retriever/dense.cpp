#include "retriever/dense.h"

#include <algorithm>

#include "support/parallel.h"

namespace stylus::retriever {
namespace {

constexpr std::size_t kRowsAPiece = 128;
constexpr std::size_t kCacheLine = 64;

/// Asks for an adapter's vectors before they are needed: candidates lie anywhere in the file.
void prefetch(const Corpus& corpus, Place place) {
  const auto* bytes = reinterpret_cast<const char*>(corpus.vectors(place));
  const std::size_t size = kVectorFields * corpus.dim() * sizeof(std::uint16_t);
  for (std::size_t i = 0; i < size; i += kCacheLine) {
    __builtin_prefetch(bytes + i);
  }
}

bool has_vectors(const Corpus& corpus, Place place) {
  return corpus.parts()[part_of(place)].view.dim() > 0;
}

struct Better {
  const Corpus& corpus;
  bool operator()(const Found& a, const Found& b) const {
    return a.score != b.score ? a.score > b.score : corpus.row_of(a.place) < corpus.row_of(b.place);
  }
};

}  // namespace

std::vector<LaneCosines> cosines_of(const Corpus& corpus, const DenseQueries& queries,
                                    std::span<const Place> places) {
  std::vector<LaneCosines> cosines(places.size());
  const Kernels& kernel = kernels();
  parallel_for(places.size(), kRowsAPiece, [&](std::size_t from, std::size_t to) {
    float dots[kVectorFields][kLanes] = {};
    for (std::size_t i = from; i < to; ++i) {
      if (i + 1 < to && places[i + 1] != places[i] + 1) {
        prefetch(corpus, places[i + 1]);
      }
      if (!has_vectors(corpus, places[i])) {
        continue;
      }
      kernel.dot_half(corpus.vectors(places[i]), kVectorFields, queries.values.data(), queries.dim,
                      queries.lanes, dots);
      for (std::size_t lane = 0; lane < queries.lanes; ++lane) {
        cosines[i][lane] = {dots[0][lane], dots[1][lane], dots[2][lane]};
      }
    }
  });
  return cosines;
}

std::array<Moments, kLanes> moments_of(std::span<const LaneCosines> cosines, std::size_t lanes) {
  const std::size_t pieces = (cosines.size() + kRowsAPiece - 1) / kRowsAPiece;
  std::vector<std::array<Moments, kLanes>> partial(pieces);
  parallel_for(cosines.size(), kRowsAPiece, [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        partial[from / kRowsAPiece][lane].add(cosines[i][lane]);
      }
    }
  });
  std::array<Moments, kLanes> moments;
  for (const auto& piece : partial) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      moments[lane].add(piece[lane]);
    }
  }
  return moments;
}

void rescore(const Corpus& corpus, const DenseQueries& queries,
             std::span<std::vector<Found>> found) {
  struct Task {
    std::size_t lane;
    std::size_t index;
  };
  std::vector<Task> tasks;
  for (std::size_t lane = 0; lane < found.size(); ++lane) {
    for (std::size_t i = 0; i < found[lane].size(); ++i) {
      tasks.push_back({lane, i});
    }
  }
  const Kernels& kernel = kernels();
  parallel_for(tasks.size(), kRowsAPiece, [&](std::size_t from, std::size_t to) {
    float dots[kVectorFields][kLanes] = {};
    for (std::size_t t = from; t < to; ++t) {
      if (t + 1 < to) {
        prefetch(corpus, found[tasks[t + 1].lane][tasks[t + 1].index].place);
      }
      Found& candidate = found[tasks[t].lane][tasks[t].index];
      if (!has_vectors(corpus, candidate.place)) {
        continue;
      }
      const float* query = queries.values.data() + tasks[t].lane * queries.dim;
      kernel.dot_half(corpus.vectors(candidate.place), kVectorFields, query, queries.dim, 1, dots);
      candidate.cosines = {dots[0][0], dots[1][0], dots[2][0]};
    }
  });
}

void keep_best(const Corpus& corpus, std::vector<Found>& found, std::size_t count) {
  if (found.size() > count) {
    std::nth_element(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), found.end(),
                     Better{corpus});
    found.resize(count);
  }
}

void sort_best(const Corpus& corpus, std::vector<Found>& found) {
  std::sort(found.begin(), found.end(), Better{corpus});
}

}  // namespace stylus::retriever
