#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "generator/sampling/multistep.h"
#include "generator/sampling/samplers.h"
#include "generator/sampling/tables.h"
#include "support/error.h"

namespace stylus::generator::sampling {
namespace {

constexpr std::size_t kMaxOrder = 3;
using Row = std::array<double, kMaxOrder>;

/// Solves the leading n x n part of `a` rho = b by elimination with pivoting.
Row solve(std::array<Row, kMaxOrder> a, Row b, std::size_t n) {
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t row = column + 1; row < n; ++row) {
      pivot = std::abs(a[row][column]) > std::abs(a[pivot][column]) ? row : pivot;
    }
    std::swap(a[column], a[pivot]);
    std::swap(b[column], b[pivot]);
    for (std::size_t row = column + 1; row < n; ++row) {
      const double factor = a[row][column] / a[column][column];
      for (std::size_t k = column; k < n; ++k) {
        a[row][k] -= factor * a[column][k];
      }
      b[row] -= factor * b[column];
    }
  }
  Row rho{};
  for (std::size_t row = n; row-- > 0;) {
    double rest = b[row];
    for (std::size_t k = row + 1; k < n; ++k) {
      rest -= a[row][k] * rho[k];
    }
    rho[row] = rest / a[row][row];
  }
  return rho;
}

/// Zhao et al., "UniPC", algorithms 1 and 2 with data prediction.
class Unipc final : public Sampler {
 public:
  explicit Unipc(const SamplerOptions& options) : Sampler(options) {
    require(
        options.solver_order >= 1 && options.solver_order <= static_cast<std::int64_t>(kMaxOrder),
        ErrorCode::kUnsupported, "UniPC of order ", options.solver_order,
        " is not built in; set solver_order to 1, 2 or 3");
    const MultistepTables tables = multistep_tables(options, alpha_bars_);
    timesteps_ = tables.timesteps;
    sigmas_ = tables.sigmas;
  }

 private:
  [[nodiscard]] at::Tensor advance(const at::Tensor& out, std::size_t i, const at::Tensor& x,
                                   NoiseSource& /*noise*/) override {
    const at::Tensor x0 = predicted_x0(options_.prediction, out, x, alpha_sigma(sigmas_[i]));
    const bool corrects =
        last_sample_.defined() &&
        std::find(options_.disable_corrector.begin(), options_.disable_corrector.end(),
                  static_cast<std::int64_t>(i) - 1) == options_.disable_corrector.end();
    const at::Tensor sample = corrects ? update(last_sample_, i - 1, order_, &x0) : x;

    if (x0s_.size() == static_cast<std::size_t>(options_.solver_order)) {
      x0s_.erase(x0s_.begin());
    }
    x0s_.push_back(x0);
    std::size_t order = static_cast<std::size_t>(options_.solver_order);
    if (options_.lower_order_final) {
      order = std::min(order, timesteps_.size() - i);
    }
    order = std::min(order, x0s_.size());
    order_ = sigmas_[i + 1] > 0.0F ? order : 1;  // to sigma 0 the first order is exact
    last_sample_ = sample;
    return update(sample, i, order_, nullptr);
  }

  /// From noise level `from` to the next. With the picture predicted there (`x0_there`) it is the
  /// corrector, without it the predictor.
  [[nodiscard]] at::Tensor update(const at::Tensor& x, std::size_t from, std::size_t order,
                                  const at::Tensor* x0_there) const {
    const AlphaSigma s = alpha_sigma(sigmas_[from]);
    const AlphaSigma t = alpha_sigma(sigmas_[from + 1]);
    const float h = t.lambda - s.lambda;
    const double hh = static_cast<double>(-h);
    const double phi_1 = std::expm1(hh);
    const double b_h = options_.solver_is_bh1 ? hh : phi_1;
    const at::Tensor& m0 = x0s_.back();

    Row ratios{};  // of the earlier levels to this step; the last stands for its end
    for (std::size_t k = 1; k < order; ++k) {
      ratios[k - 1] = static_cast<double>((alpha_sigma(sigmas_[from - k]).lambda - s.lambda) / h);
    }
    ratios[order - 1] = 1.0;
    const Row rho = weights(ratios, order, hh, phi_1, b_h, x0_there != nullptr);

    at::Tensor next = x.mul(static_cast<double>(t.sigma / s.sigma))
                          .sub(m0.mul(static_cast<double>(t.alpha) * phi_1));
    const double scale = static_cast<double>(t.alpha) * b_h;
    for (std::size_t k = 1; k < order; ++k) {
      const at::Tensor d = x0s_[x0s_.size() - 1 - k].sub(m0).div(ratios[k - 1]);
      next = next.sub(d.mul(scale * rho[k - 1]));
    }
    if (x0_there != nullptr) {
      next = next.sub(x0_there->sub(m0).mul(scale * rho[order - 1]));
    }
    return next;
  }

  [[nodiscard]] static Row weights(const Row& ratios, std::size_t order, double hh, double phi_1,
                                   double b_h, bool is_corrector) {
    const std::size_t unknowns = is_corrector ? order : order - 1;
    if (unknowns == 0) {
      return {};
    }
    if (unknowns == 1) {
      return {0.5};  // the paper's short form for both
    }
    std::array<Row, kMaxOrder> r{};
    Row b{};
    double phi_k = phi_1 / hh - 1.0;
    double factorial = 1.0;
    for (std::size_t row = 0; row < unknowns; ++row) {
      for (std::size_t k = 0; k < unknowns; ++k) {
        r[row][k] = std::pow(ratios[k], static_cast<double>(row));
      }
      b[row] = phi_k * factorial / b_h;
      factorial *= static_cast<double>(row + 2);
      phi_k = phi_k / hh - 1.0 / factorial;
    }
    return solve(r, b, unknowns);
  }

  [[nodiscard]] Level level(std::size_t i) const override {
    const AlphaSigma at_i = alpha_sigma(sigmas_[i]);
    return {static_cast<double>(at_i.alpha), static_cast<double>(at_i.sigma)};
  }

  std::vector<at::Tensor> x0s_;  // newest last, at most solver_order
  at::Tensor last_sample_;
  std::size_t order_ = 1;
};

}  // namespace

std::unique_ptr<Sampler> make_unipc(const SamplerOptions& options) {
  return std::make_unique<Unipc>(options);
}

}  // namespace stylus::generator::sampling
