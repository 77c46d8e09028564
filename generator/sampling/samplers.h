#pragma once

#include <memory>

#include "generator/sampler.h"

// One constructor per sampler; make_sampler() has checked the options that all share.
namespace stylus::generator::sampling {

[[nodiscard]] std::unique_ptr<Sampler> make_ddim(const SamplerOptions& options);
[[nodiscard]] std::unique_ptr<Sampler> make_euler(const SamplerOptions& options);
[[nodiscard]] std::unique_ptr<Sampler> make_dpm(const SamplerOptions& options);
[[nodiscard]] std::unique_ptr<Sampler> make_pndm(const SamplerOptions& options);
[[nodiscard]] std::unique_ptr<Sampler> make_lcm(const SamplerOptions& options);
[[nodiscard]] std::unique_ptr<Sampler> make_unipc(const SamplerOptions& options);

}  // namespace stylus::generator::sampling
