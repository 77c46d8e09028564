#include "weights/update_norm.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "weights/factor.h"

namespace stylus::weights {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Above these a file is damaged or hostile: real adapters stay under a hundredth of both.
constexpr std::int64_t kMaxRank = 4096;
constexpr double kMaxMultiplications = 2e11;

/// Sum of the elementwise product of two matrices of one shape; tr(A B) for symmetric ones.
double dot(const Matrix& a, const Matrix& b) { return a.cwiseProduct(b).sum(); }

/// |left core_p right|^2 summed over the positions p of a kernel, from the Gram matrices
/// left^T left [m, m] and right right^T [n, n] and the core [m, n, k, k].
double squared_norm_with_core(const Matrix& left_gram, const Tensor& core,
                              const Matrix& right_gram) {
  const Matrix all = decode_matrix(core);  // [m, n * positions]
  const Eigen::Index positions = all.cols() / core.shape[1];
  double sum = 0;
  for (Eigen::Index p = 0; p < positions; ++p) {
    Matrix slice(core.shape[0], core.shape[1]);
    for (Eigen::Index column = 0; column < slice.cols(); ++column) {
      slice.col(column) = all.col(column * positions + p);
    }
    sum += dot(left_gram * slice * right_gram, slice);
  }
  return sum;
}

double squared_lora_norm(const LayerUpdate& layer) {
  const Tensor& up = *layer.part(Part::kUp);
  const Tensor& down = *layer.part(Part::kDown);
  const Matrix up_gram = gram_of_columns(up);
  const Matrix down_gram = gram_of_rows(down);
  const Tensor* mid = layer.part(Part::kMid);
  return mid == nullptr ? dot(up_gram, down_gram)
                        : squared_norm_with_core(up_gram, *mid, down_gram);
}

double squared_lokr_factor_norm(const Tensor* whole, const Tensor* a, const Tensor* b,
                                const Tensor* core) {
  if (whole != nullptr) {
    return sum_of_squares(*whole);
  }
  if (core != nullptr) {
    return squared_norm_with_core(gram_of_rows(*a), *core, gram_of_rows(*b));
  }
  return dot(gram_of_columns(*a), gram_of_rows(*b));
}

double squared_lokr_norm(const LayerUpdate& layer) {
  return squared_lokr_factor_norm(layer.part(Part::kLokrW1), layer.part(Part::kLokrW1A),
                                  layer.part(Part::kLokrW1B), layer.part(Part::kLokrT1)) *
         squared_lokr_factor_norm(layer.part(Part::kLokrW2), layer.part(Part::kLokrW2A),
                                  layer.part(Part::kLokrW2B), layer.part(Part::kLokrT2));
}

/// One side of LoHa as left [O, r] times right [r, N].
struct HadaSide {
  Matrix left;
  Matrix right;
};

/// Gram matrix of the row-wise Kronecker product of a [N, r] and b [N, s]: [r s, r s].
Matrix gram_of_row_kronecker(const Matrix& a, const Matrix& b) {
  constexpr Eigen::Index kPanel = 256;
  const Eigen::Index width = a.cols() * b.cols();
  Matrix gram = Matrix::Zero(width, width);
  Matrix panel(std::min(a.rows(), kPanel), width);
  for (Eigen::Index begin = 0; begin < a.rows(); begin += kPanel) {
    const Eigen::Index count = std::min(kPanel, a.rows() - begin);
    for (Eigen::Index row = 0; row < count; ++row) {
      for (Eigen::Index i = 0; i < a.cols(); ++i) {
        panel.row(row).segment(i * b.cols(), b.cols()) = a(begin + row, i) * b.row(begin + row);
      }
    }
    gram.selfadjointView<Eigen::Lower>().rankUpdate(panel.topRows(count).transpose());
  }
  return gram.selfadjointView<Eigen::Lower>();
}

/// Walks over the product in tiles and keeps only the sum.
double squared_hada_norm_by_tiles(const HadaSide& one, const HadaSide& two) {
  constexpr Eigen::Index kRows = 64;
  constexpr Eigen::Index kColumns = 512;
  double sum = 0;
  for (Eigen::Index row = 0; row < one.left.rows(); row += kRows) {
    const Eigen::Index rows = std::min(kRows, one.left.rows() - row);
    for (Eigen::Index column = 0; column < one.right.cols(); column += kColumns) {
      const Eigen::Index columns = std::min(kColumns, one.right.cols() - column);
      const Matrix a = one.left.middleRows(row, rows) * one.right.middleCols(column, columns);
      const Matrix b = two.left.middleRows(row, rows) * two.right.middleCols(column, columns);
      sum += a.cwiseProduct(b).squaredNorm();
    }
  }
  return sum;
}

double kronecker_cost(const HadaSide& one, const HadaSide& two) {
  const auto width = static_cast<double>(one.left.cols() * two.left.cols());
  return width * width * static_cast<double>(one.left.rows() + one.right.cols()) / 2;
}

double tile_cost(const HadaSide& one, const HadaSide& two) {
  return static_cast<double>(one.left.cols() + two.left.cols()) *
         static_cast<double>(one.left.rows()) * static_cast<double>(one.right.cols());
}

double squared_hada_norm(const HadaSide& one, const HadaSide& two) {
  if (kronecker_cost(one, two) < tile_cost(one, two)) {
    return dot(gram_of_row_kronecker(one.left, two.left),
               gram_of_row_kronecker(one.right.transpose(), two.right.transpose()));
  }
  return squared_hada_norm_by_tiles(one, two);
}

/// The side at position p of the kernel; `core` may be null, then there is one position.
HadaSide hada_side(const Tensor& a, const Tensor& b, const Tensor* core, Eigen::Index p) {
  if (core == nullptr) {
    return {decode_matrix(a), decode_matrix(b)};
  }
  const Matrix all = decode_matrix(*core);
  const Eigen::Index positions = all.cols() / core->shape[1];
  Matrix slice(core->shape[0], core->shape[1]);
  for (Eigen::Index column = 0; column < slice.cols(); ++column) {
    slice.col(column) = all.col(column * positions + p);
  }
  return {decode_matrix(a).transpose(), slice * decode_matrix(b)};
}

double squared_loha_norm(const LayerUpdate& layer) {
  const Tensor* t1 = layer.part(Part::kHadaT1);
  const Tensor* t2 = layer.part(Part::kHadaT2);
  Eigen::Index positions = 1;
  if (t1 != nullptr) {
    for (std::size_t axis = 2; axis < t1->shape.size(); ++axis) {
      positions *= t1->shape[axis];
    }
  }
  double sum = 0;
  for (Eigen::Index p = 0; p < positions; ++p) {
    sum += squared_hada_norm(
        hada_side(*layer.part(Part::kHadaW1A), *layer.part(Part::kHadaW1B), t1, p),
        hada_side(*layer.part(Part::kHadaW2A), *layer.part(Part::kHadaW2B), t2, p));
  }
  return sum;
}

double squared_norm_of_parts(const LayerUpdate& layer, std::initializer_list<Part> parts) {
  double sum = 0;
  for (const Part part : parts) {
    if (layer.has(part)) {
      sum += sum_of_squares(*layer.part(part));
    }
  }
  return sum;
}

/// Square of the norm of what is simply added, or nothing when the algorithm adds nothing simply.
std::optional<double> squared_additive_norm(const LayerUpdate& layer, double scale) {
  const double bias = squared_norm_of_parts(layer, {Part::kDiffBias});
  const double squared_scale = scale * scale;
  switch (layer.algorithm) {
    case Algorithm::kLora:
      return squared_scale *
                 (squared_lora_norm(layer) + squared_norm_of_parts(layer, {Part::kUpBias})) +
             bias;
    case Algorithm::kLoha:
      return squared_scale * squared_loha_norm(layer) + bias;
    case Algorithm::kLokr:
      return squared_scale * squared_lokr_norm(layer) + bias;
    case Algorithm::kFull:
      if (layer.has(Part::kSetWeight)) {
        return std::nullopt;
      }
      return squared_norm_of_parts(layer, {Part::kDiff}) + bias;
    case Algorithm::kNorm:
      if (layer.has(Part::kNormScale)) {
        return std::nullopt;
      }
      return squared_norm_of_parts(layer, {Part::kNormDiff, Part::kNormBiasDiff});
    default:
      return std::nullopt;
  }
}

/// True if the layer's result depends on the base weights beyond an addition.
bool reads_base_weights(const LayerUpdate& layer) {
  return layer.has(Part::kDoraScale) || layer.has(Part::kReshapeWeight) ||
         layer.has(Part::kSparseBias);
}

/// The largest size that two factors of the layer share.
std::int64_t largest_rank(const LayerUpdate& layer) {
  std::int64_t largest = 0;
  const auto look_at = [&](Part part, std::size_t axis) {
    if (layer.has(part) && axis < layer.part(part)->shape.size()) {
      largest = std::max(largest, layer.part(part)->shape[axis]);
    }
  };
  for (const Part part :
       {Part::kDown, Part::kHadaW1B, Part::kHadaW2B, Part::kLokrW1B, Part::kLokrW2B}) {
    look_at(part, 0);
  }
  for (const Part part : {Part::kMid, Part::kHadaT1, Part::kHadaT2, Part::kLokrT1, Part::kLokrT2}) {
    look_at(part, 0);
    look_at(part, 1);
  }
  return largest;
}

double multiplications(const LayerUpdate& layer) {
  const auto rank = static_cast<double>(largest_rank(layer));
  const auto inputs = static_cast<double>(inputs_of(layer));
  const auto outputs = static_cast<double>(outputs_of(layer));
  if (layer.algorithm == Algorithm::kLoha) {
    double positions = 1;
    const Tensor* core = layer.part(Part::kHadaT1);
    for (std::size_t axis = 2; core != nullptr && axis < core->shape.size(); ++axis) {
      positions *= static_cast<double>(core->shape[axis]);
    }
    return positions *
           std::min(std::pow(rank, 4) * (inputs + outputs), 2 * rank * inputs * outputs);
  }
  return rank * rank * (inputs + outputs);
}

std::string obstacle(const LayerUpdate& layer) {
  for (const Tensor* tensor : layer.parts) {
    if (tensor != nullptr && !is_decodable(tensor->dtype)) {
      return "elements of type " + std::string(dtype_name(tensor->dtype)) + " are not decoded";
    }
    for (std::size_t axis = 0; axis < 2 && tensor != nullptr && axis < tensor->shape.size();
         ++axis) {
      // A factor without elements may announce any size; nothing below may allocate by it.
      if (tensor->bytes.empty() && tensor->shape[axis] > kMaxRank) {
        return "a factor without elements announces " + std::to_string(tensor->shape[axis]) +
               " rows or columns";
      }
    }
  }
  if (largest_rank(layer) > kMaxRank) {
    return "rank " + std::to_string(largest_rank(layer)) + " is above " + std::to_string(kMaxRank);
  }
  if (multiplications(layer) > kMaxMultiplications) {
    return "its factors are too large to multiply";
  }
  return "";
}

}  // namespace

UpdateNorm update_norm(const LayerUpdate& layer, double scale) {
  UpdateNorm result{kNan, kNan, obstacle(layer)};
  if (!result.problem.empty()) {
    return result;
  }
  if (const std::optional<double> squared = squared_additive_norm(layer, scale)) {
    // Rounding may leave a tiny negative number where factors cancel; NaN must stay NaN.
    result.additive = std::sqrt(*squared < 0 ? 0.0 : *squared);
    result.whole = reads_base_weights(layer) ? kNan : result.additive;
  }
  return result;
}

}  // namespace stylus::weights
