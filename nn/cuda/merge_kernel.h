#pragma once

namespace stylus::nn::cuda {

inline constexpr int kMergeRows = 64;
inline constexpr int kMergeColumns = 128;
inline constexpr int kMergeThreads = 256;
inline constexpr int kMostTerms = 16;

/// The terms of a merge as the kernel takes them.
struct MergeTerms {
  const void* up[kMostTerms];
  const void* down[kMostTerms];
  int rank[kMostTerms];
  int count;
};

/// out = base + sum of scale up down, for the tensor cores (mma m16n8k16; Ampere or later). A block
/// makes 64 rows x 128 columns of one layer: it asks for its part of base first, multiplies while
/// that is on its way, and writes each element once. Eight warps, each 32 x 32.
inline constexpr const char* kMergeKernel = R"cuda(
#if __CUDA_ARCH__ >= 800
struct MergeTerms {
  const unsigned short* up[16];
  const unsigned short* down[16];
  int rank[16];
  int count;
};

__device__ inline unsigned short ROUND_ONE(float v) {
  float2 pair;
  pair.x = v;
  pair.y = 0.f;
  return (unsigned short)(FROM_FLOAT2(pair).bits & 0xffffu);
}
__device__ inline float WIDEN_ONE(unsigned short v) {
  T2 pair;
  pair.bits = v;
  return TO_FLOAT2(pair).x;
}
__device__ inline unsigned int shared_address(const void* place) {
  unsigned long long address;
  asm("cvta.to.shared.u64 %0, %1;" : "=l"(address) : "l"(place));
  return (unsigned int)address;
}

extern "C" __global__ void __launch_bounds__(256)
    merge_low_rank(const unsigned short* base, unsigned short* out, const MergeTerms terms,
                   const float* scales, int rows, int columns, int column_tiles) {
  __shared__ __align__(16) unsigned short up_tile[64][24];      // [row][k], padded
  __shared__ __align__(16) unsigned short down_tile[16][136];   // [k][column], padded
  __shared__ __align__(16) float sums[64][132];
  const int member = blockIdx.y;
  const int row0 = (int)(blockIdx.x / column_tiles) * 64;
  const int column0 = (int)(blockIdx.x % column_tiles) * 128;
  const int thread = threadIdx.x;
  const int lane = thread & 31;
  const int warp = thread >> 5;
  const int warp_row = (warp >> 2) * 32;
  const int warp_column = (warp & 3) * 32;
  const long long layer = (long long)member * rows * columns;

  uint4 old[4];
  for (int i = 0; i < 4; ++i) {
    const int row = row0 + (thread >> 4) + 16 * i;
    const int column = column0 + (thread & 15) * 8;
    if (row < rows && column < columns) {
      old[i] = *(const uint4*)(base + layer + (long long)row * columns + column);
    }
  }

  float total[2][4][4];
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 4; ++j)
      for (int k = 0; k < 4; ++k) total[i][j][k] = 0.f;

  for (int term = 0; term < terms.count; ++term) {
    const int rank = terms.rank[term];
    const float scale = scales[member * terms.count + term];
    if (scale == 0.f) continue;
    const unsigned short* up = terms.up[term] + (long long)member * rows * rank;
    const unsigned short* down = terms.down[term] + (long long)member * rank * columns;
    for (int k0 = 0; k0 < rank; k0 += 16) {
      __syncthreads();
      for (int i = thread; i < 64 * 16; i += 256) {
        const int row = i >> 4;
        const int k = i & 15;
        const bool inside = row0 + row < rows && k0 + k < rank;
        const float value =
            inside ? WIDEN_ONE(up[(long long)(row0 + row) * rank + k0 + k]) * scale : 0.f;
        up_tile[row][k] = ROUND_ONE(value);
      }
      {
        const int k = thread >> 4;
        const int column = (thread & 15) * 8;
        uint4 value = make_uint4(0, 0, 0, 0);
        if (k0 + k < rank && column0 + column < columns) {
          value = *(const uint4*)(down + (long long)(k0 + k) * columns + column0 + column);
        }
        *(uint4*)&down_tile[k][column] = value;
      }
      __syncthreads();
      unsigned int a[2][4];
      for (int i = 0; i < 2; ++i) {
        const int row = warp_row + 16 * i + (lane >> 2);
        const int k = (lane & 3) * 2;
        a[i][0] = *(const unsigned int*)&up_tile[row][k];
        a[i][1] = *(const unsigned int*)&up_tile[row + 8][k];
        a[i][2] = *(const unsigned int*)&up_tile[row][k + 8];
        a[i][3] = *(const unsigned int*)&up_tile[row + 8][k + 8];
      }
      for (int j = 0; j < 4; ++j) {
        unsigned int b0, b1;
        const unsigned int place =
            shared_address(&down_tile[lane & 15][warp_column + 8 * j]);
        asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                     : "=r"(b0), "=r"(b1) : "r"(place));
        for (int i = 0; i < 2; ++i) {
          float* c = total[i][j];
          asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." MMA_TYPES
                       ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                       : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                       : "r"(a[i][0]), "r"(a[i][1]), "r"(a[i][2]), "r"(a[i][3]), "r"(b0), "r"(b1));
        }
      }
    }
  }
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 4; ++j) {
      const int row = warp_row + 16 * i + (lane >> 2);
      const int column = warp_column + 8 * j + (lane & 3) * 2;
      *(float2*)&sums[row][column] = make_float2(total[i][j][0], total[i][j][1]);
      *(float2*)&sums[row + 8][column] = make_float2(total[i][j][2], total[i][j][3]);
    }
  }
  __syncthreads();
  for (int i = 0; i < 4; ++i) {
    const int row = (thread >> 4) + 16 * i;
    const int column = (thread & 15) * 8;
    if (row0 + row < rows && column0 + column < columns) {
      unsigned int words[4] = {old[i].x, old[i].y, old[i].z, old[i].w};
      for (int w = 0; w < 4; ++w) {
        T2 pair;
        pair.bits = words[w];
        float2 value = TO_FLOAT2(pair);
        value.x += sums[row][column + 2 * w];
        value.y += sums[row][column + 2 * w + 1];
        words[w] = FROM_FLOAT2(value).bits;
      }
      *(uint4*)(out + layer + (long long)(row0 + row) * columns + column0 + column) =
          make_uint4(words[0], words[1], words[2], words[3]);
    }
  }
}
#endif
)cuda";

}  // namespace stylus::nn::cuda
