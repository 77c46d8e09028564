#pragma once

namespace stylus::nn::cuda {

/// CUDA C++ that is compiled on the user's machine, by the compiler library (NVRTC) that comes with
/// the GPU set of libtorch: no nvcc is needed to build stylus, and any card is served.
/// The macros T (half or bfloat16), T2, TO_FLOAT2 and FROM_FLOAT2 are set per precision.
inline constexpr const char* kKernels = R"cuda(
// Sums of a slab of pixels: partial[n][slab][2 * g] and [2 * g + 1] are sum and sum of squares.
// x [N, HW, C] as pairs of channels. Block: a slab of `rows` pixels of picture blockIdx.y.
extern "C" __global__ void norm_sums(const T2* x, float* partial, int pixels, int pairs,
                                     int pairs_per_group, int groups, int rows) {
  extern __shared__ float shared[];  // [2 * pairs]
  const int n = blockIdx.y;
  const int begin = blockIdx.x * rows;
  const int end = min(pixels, begin + rows);
  for (int c = threadIdx.x; c < pairs; c += blockDim.x) {
    float sum = 0.f, squares = 0.f;
    const T2* at = x + ((long long)n * pixels + begin) * pairs + c;
    for (int p = begin; p < end; ++p, at += pairs) {
      const float2 v = TO_FLOAT2(*at);
      sum += v.x + v.y;
      squares += v.x * v.x + v.y * v.y;
    }
    shared[2 * c] = sum;
    shared[2 * c + 1] = squares;
  }
  __syncthreads();
  float* out = partial + ((long long)n * gridDim.x + blockIdx.x) * 2 * groups;
  for (int i = threadIdx.x; i < 2 * groups; i += blockDim.x) {
    const int first = (i / 2) * pairs_per_group;
    float total = 0.f;
    for (int c = first; c < first + pairs_per_group; ++c) {
      total += shared[2 * c + (i & 1)];
    }
    out[i] = total;
  }
}

// y = (x - mean) / deviation * weight + bias, through SiLU where asked. The same slabs of pixels.
extern "C" __global__ void norm_apply(const T2* x, T2* y, const float* partial, const T* weight,
                                      const T* bias, int pixels, int pairs, int pairs_per_group,
                                      int groups, int rows, int slabs, float eps, int silu) {
  extern __shared__ float shared[];  // [4 * pairs] scales and shifts, then [2 * groups * parts]
  float* scale = shared;
  float* sums = shared + 4 * pairs;
  const int n = blockIdx.y;
  const int parts = blockDim.x / (2 * groups);
  // All slabs' sums, in a fixed order: first `parts` of them side by side, then one after another.
  if (threadIdx.x < parts * 2 * groups) {
    const int i = threadIdx.x % (2 * groups);
    const int part = threadIdx.x / (2 * groups);
    float total = 0.f;
    for (int s = part; s < slabs; s += parts) {
      total += partial[((long long)n * slabs + s) * 2 * groups + i];
    }
    sums[part * 2 * groups + i] = total;
  }
  __syncthreads();
  const float count = (float)pixels * pairs_per_group * 2;
  for (int c = threadIdx.x; c < pairs; c += blockDim.x) {
    const int g = c / pairs_per_group;
    float sum = 0.f, squares = 0.f;
    for (int part = 0; part < parts; ++part) {
      sum += sums[part * 2 * groups + 2 * g];
      squares += sums[part * 2 * groups + 2 * g + 1];
    }
    const float mean = sum / count;
    const float inverse = rsqrtf(fmaxf(squares / count - mean * mean, 0.f) + eps);
    const float2 w = TO_FLOAT2(((const T2*)weight)[c]);
    const float2 b = TO_FLOAT2(((const T2*)bias)[c]);
    scale[4 * c] = w.x * inverse;
    scale[4 * c + 1] = w.y * inverse;
    scale[4 * c + 2] = b.x - mean * w.x * inverse;
    scale[4 * c + 3] = b.y - mean * w.y * inverse;
  }
  __syncthreads();
  const int begin = blockIdx.x * rows;
  const int end = min(pixels, begin + rows);
  const long long first = ((long long)n * pixels + begin) * pairs;
  for (int i = threadIdx.x; i < (end - begin) * pairs; i += blockDim.x) {
    const int c = i % pairs;
    float2 v = TO_FLOAT2(x[first + i]);
    v.x = v.x * scale[4 * c] + scale[4 * c + 2];
    v.y = v.y * scale[4 * c + 1] + scale[4 * c + 3];
    if (silu) {
      v.x = v.x / (1.f + __expf(-v.x));
      v.y = v.y / (1.f + __expf(-v.y));
    }
    y[first + i] = FROM_FLOAT2(v);
  }
}

// x [rows, 2 * pairs] -> y [rows, pairs]: first half * gelu(second half), by erf.
extern "C" __global__ void geglu(const T2* x, T2* y, long long rows, int pairs) {
  const long long count = rows * pairs;
  for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < count;
       i += (long long)gridDim.x * blockDim.x) {
    const long long row = i / pairs;
    const int c = (int)(i - row * pairs);
    const float2 value = TO_FLOAT2(x[row * 2 * pairs + c]);
    const float2 gate = TO_FLOAT2(x[row * 2 * pairs + pairs + c]);
    float2 out;
    out.x = value.x * 0.5f * gate.x * (1.f + erff(gate.x * 0.70710678f));
    out.y = value.y * 0.5f * gate.y * (1.f + erff(gate.y * 0.70710678f));
    y[i] = FROM_FLOAT2(out);
  }
}
)cuda";

}  // namespace stylus::nn::cuda
