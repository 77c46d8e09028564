// Compiled for AVX2 and FMA; called only after a check at run time. No header but intrinsics and
// our plain declarations: an inline function of the standard library compiled here could be the
// copy that the linker keeps for everybody.
#include <immintrin.h>

#include "generator/lora/low_rank_kernel.h"

namespace stylus::generator {
namespace {

constexpr std::size_t kLanes = 8;
constexpr std::size_t kVectors = 2;  // of one row in registers

using Vector = __m256;

using Halves = __m128i;

Vector load(const float* from) { return _mm256_loadu_ps(from); }
Halves load_halves(const void* from) { return _mm_loadu_si128(static_cast<const Halves*>(from)); }
Vector load_half(const void* from) { return _mm256_cvtph_ps(load_halves(from)); }
Vector load_bfloat16(const void* from) {
  const __m256i bits = _mm256_slli_epi32(_mm256_cvtepu16_epi32(load_halves(from)), 16);
  return _mm256_castsi256_ps(bits);
}
void fetch(const void* from) { _mm_prefetch(static_cast<const char*>(from), _MM_HINT_T0); }
void store(float* to, Vector value) { _mm256_storeu_ps(to, value); }
void stream(float* to, Vector value) { _mm256_stream_ps(to, value); }
Vector zero() { return _mm256_setzero_ps(); }
Vector all(float value) { return _mm256_set1_ps(value); }
Vector add(Vector a, Vector b) { return _mm256_add_ps(a, b); }
Vector multiply_add(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }

#include "generator/lora/low_rank_rows.inc"  // needs what stands above

}  // namespace

void low_rank_avx2(const LowRankBlock& block) {
  all_rows(block);
  _mm_sfence();
}

}  // namespace stylus::generator
