#include "evaluator/linear_algebra.h"

#include <algorithm>
#include <cmath>

#include "support/error.h"

// LAPACK and BLAS as every implementation has them; integers are 32-bit.
extern "C" {
void dgemm_(const char* transa, const char* transb, const int* m, const int* n, const int* k,
            const double* alpha, const double* a, const int* lda, const double* b, const int* ldb,
            const double* beta, double* c, const int* ldc);
void dsyrk_(const char* uplo, const char* trans, const int* n, const int* k, const double* alpha,
            const double* a, const int* lda, const double* beta, double* c, const int* ldc);
void dsyevd_(const char* jobz, const char* uplo, const int* n, double* a, const int* lda, double* w,
             double* work, const int* lwork, int* iwork, const int* liwork, int* info);
void dpotrf_(const char* uplo, const int* n, double* a, const int* lda, int* info);
}

namespace stylus::evaluator {
namespace {

constexpr double kOne = 1;
constexpr double kZero = 0;

int whole(std::size_t value) {
  require(value <= 1'000'000, ErrorCode::kInvalidArgument, "a matrix side of ", value,
          " is more than is computed here (1,000,000)");
  return static_cast<int>(value);
}

void mirror_upper(Matrix& matrix) {
  for (std::size_t j = 0; j < matrix.columns; ++j) {
    for (std::size_t i = j + 1; i < matrix.rows; ++i) {
      matrix.at(i, j) = matrix.at(j, i);
    }
  }
}

/// Eigenvalues, and the eigenvectors in place of the matrix where they are wanted.
std::vector<double> eigen(Matrix& matrix, bool with_vectors) {
  require(matrix.rows == matrix.columns, ErrorCode::kInvalidArgument, "a matrix of ", matrix.rows,
          " x ", matrix.columns, " has no eigenvalues");
  if (matrix.rows == 0) {
    return {};
  }
  const int n = whole(matrix.rows);
  const char job = with_vectors ? 'V' : 'N';
  std::vector<double> values(matrix.rows);
  double best_work = 0;
  int best_whole = 0;
  int info = 0;
  const int ask = -1;
  dsyevd_(&job, "U", &n, matrix.values.data(), &n, values.data(), &best_work, &ask, &best_whole,
          &ask, &info);
  std::vector<double> work(static_cast<std::size_t>(best_work));
  std::vector<int> whole_work(static_cast<std::size_t>(best_whole));
  const int work_size = static_cast<int>(work.size());
  dsyevd_(&job, "U", &n, matrix.values.data(), &n, values.data(), work.data(), &work_size,
          whole_work.data(), &best_whole, &info);
  require(info == 0, ErrorCode::kUnavailable, "LAPACK found no eigenvalues (dsyevd says ", info,
          "); are there values that are no numbers?");
  return values;
}

}  // namespace

Matrix product(const Matrix& a, Transposed is_a, const Matrix& b, Transposed is_b) {
  const bool ta = is_a == Transposed::kYes;
  const bool tb = is_b == Transposed::kYes;
  const std::size_t inner = ta ? a.rows : a.columns;
  require(inner == (tb ? b.columns : b.rows), ErrorCode::kInvalidArgument,
          "matrices of other sizes cannot be multiplied: ", inner, " and ",
          tb ? b.columns : b.rows);
  Matrix result(ta ? a.columns : a.rows, tb ? b.rows : b.columns);
  if (result.values.empty()) {
    return result;
  }
  const int m = whole(result.rows);
  const int n = whole(result.columns);
  const int k = whole(inner);
  const int lda = std::max(1, whole(a.rows));
  const int ldb = std::max(1, whole(b.rows));
  dgemm_(ta ? "T" : "N", tb ? "T" : "N", &m, &n, &k, &kOne, a.values.data(), &lda, b.values.data(),
         &ldb, &kZero, result.values.data(), &m);
  return result;
}

Matrix gram(const Matrix& a, Transposed is_a) {
  const bool ta = is_a == Transposed::kYes;
  Matrix result(ta ? a.rows : a.columns, ta ? a.rows : a.columns);
  if (result.values.empty()) {
    return result;
  }
  const int n = whole(result.rows);
  const int k = whole(ta ? a.columns : a.rows);
  const int lda = std::max(1, whole(a.rows));
  dsyrk_("U", ta ? "N" : "T", &n, &k, &kOne, a.values.data(), &lda, &kZero, result.values.data(),
         &n);
  mirror_upper(result);
  return result;
}

std::vector<double> symmetric_eigenvalues(Matrix symmetric) { return eigen(symmetric, false); }

Matrix square_root_factor(const Matrix& symmetric) {
  Matrix factor = symmetric;
  const int n = whole(factor.rows);
  int info = 0;
  if (n > 0) {
    dpotrf_("U", &n, factor.values.data(), &n, &info);
  }
  double smallest = 1;
  double largest = 0;
  for (std::size_t i = 0; i < factor.rows; ++i) {
    largest = std::max(largest, factor.at(i, i));
    smallest = i == 0 ? factor.at(i, i) : std::min(smallest, factor.at(i, i));
  }
  if (info == 0 && smallest > 1e-7 * largest) {
    for (std::size_t j = 0; j < factor.columns; ++j) {
      for (std::size_t i = j + 1; i < factor.rows; ++i) {
        factor.at(i, j) = 0;
      }
    }
    return factor;
  }
  Matrix vectors = symmetric;
  const std::vector<double> values = eigen(vectors, true);
  for (std::size_t j = 0; j < vectors.columns; ++j) {
    const double root = std::sqrt(std::max(values[j], 0.0));
    for (std::size_t i = 0; i < vectors.rows; ++i) {
      factor.at(j, i) = root * vectors.at(i, j);
    }
  }
  return factor;
}

double nuclear_norm(const Matrix& a) {
  const bool is_wide = a.rows <= a.columns;
  double sum = 0;
  for (const double value :
       symmetric_eigenvalues(gram(a, is_wide ? Transposed::kYes : Transposed::kNo))) {
    sum += std::sqrt(std::max(value, 0.0));
  }
  return sum;
}

Matrix centred(RowsView rows, std::vector<double>& means) {
  means.assign(rows.dim, 0.0);
  Matrix result(rows.rows, rows.dim);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    const std::span<const float> row = rows.row(i);
    for (std::size_t j = 0; j < rows.dim; ++j) {
      means[j] += static_cast<double>(row[j]);
    }
  }
  for (double& mean : means) {
    mean /= static_cast<double>(std::max<std::size_t>(rows.rows, 1));
  }
  // In tiles: reading runs along rows, writing along columns.
  constexpr std::size_t kTile = 64;
  for (std::size_t first = 0; first < rows.rows; first += kTile) {
    const std::size_t last = std::min(first + kTile, rows.rows);
    for (std::size_t j = 0; j < rows.dim; ++j) {
      for (std::size_t i = first; i < last; ++i) {
        result.at(i, j) = static_cast<double>(rows.data[i * rows.dim + j]) - means[j];
      }
    }
  }
  return result;
}

}  // namespace stylus::evaluator
