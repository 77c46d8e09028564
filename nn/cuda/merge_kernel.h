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
/// makes 64 rows x 128 columns of one layer with eight warps, each 32 x 32. The terms follow each
/// other as slices of 16 ranks, four of which make a stage: a stage's loads are all asked for
/// before the first is used, after those of base. Columns lie in shared memory in an order that
/// leaves each thread with eight neighbours of a row in the end, which go out from its registers at
/// once.
inline constexpr const char* kMergeKernel = R"cuda(
#if __CUDA_ARCH__ >= 800
struct MergeTerms {
  const unsigned short* up[16];
  const unsigned short* down[16];
  int rank[16];
  int count;
};

__device__ inline unsigned int shared_address(const void* place) {
  unsigned long long address;
  asm("cvta.to.shared.u64 %0, %1;" : "=l"(address) : "l"(place));
  return (unsigned int)address;
}
__device__ inline uint4 load_vector(const unsigned short* from) {
  uint4 v;
  asm volatile("ld.global.nc.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w) : "l"(from));
  return v;
}
__device__ inline void store_vector(unsigned short* to, uint4 v) {
  asm volatile("st.global.v4.u32 [%0], {%1, %2, %3, %4};"
               : : "l"(to), "r"(v.x), "r"(v.y), "r"(v.z), "r"(v.w) : "memory");
}
/// Eight of a row of an up factor from k on, zeros behind its rank.
__device__ inline uint4 load_ranks(const unsigned short* row, int k, int rank) {
  if (rank % 8 == 0) return k < rank ? load_vector(row + k) : make_uint4(0, 0, 0, 0);
  unsigned int words[4];
#pragma unroll
  for (int w = 0; w < 4; ++w) {
    const int at = k + 2 * w;
    const unsigned int low = at < rank ? row[at] : 0;
    const unsigned int high = at + 1 < rank ? row[at + 1] : 0;
    words[w] = low | (high << 16);
  }
  return make_uint4(words[0], words[1], words[2], words[3]);
}
__device__ inline unsigned int scaled(unsigned int word, float scale) {
  T2 pair;
  pair.bits = word;
  float2 value = TO_FLOAT2(pair);
  value.x *= scale;
  value.y *= scale;
  return FROM_FLOAT2(value).bits;
}
__device__ inline unsigned int plus(unsigned int word, float x, float y) {
  T2 pair;
  pair.bits = word;
  float2 value = TO_FLOAT2(pair);
  value.x += x;
  value.y += y;
  return FROM_FLOAT2(value).bits;
}

extern "C" __global__ void __launch_bounds__(256, 2)
    merge_low_rank(const unsigned short* base, unsigned short* out, const MergeTerms terms,
                   const float* scales, int rows, int columns, int column_tiles) {
  __shared__ __align__(16) unsigned short up_tile[64][72];     // [row][k of the stage], padded
  __shared__ __align__(16) unsigned short down_tile[64][136];  // [k of the stage][column], padded
  __shared__ float scale_of[16];
  const int member = blockIdx.y;
  const int row0 = (int)(blockIdx.x / column_tiles) * 64;
  const int column0 = (int)(blockIdx.x % column_tiles) * 128;
  const int thread = threadIdx.x;
  const int lane = thread & 31;
  const int warp = thread >> 5;
  const int warp_row = (warp >> 2) * 32;
  const int warp_column = (warp & 3) * 32;
  const int own_row = row0 + warp_row + (lane >> 2);  // and 8, 16, 24 below it
  const int own_column = column0 + warp_column + (lane & 3) * 8;
  const long long place =
      (long long)member * rows * columns + (long long)own_row * columns + own_column;

  uint4 old[4];
#pragma unroll
  for (int r = 0; r < 4; ++r) {
    old[r] = make_uint4(0, 0, 0, 0);
    if (own_row + 8 * r < rows && own_column < columns) {
      old[r] = load_vector(base + place + (long long)(8 * r) * columns);
    }
  }
  if (thread < terms.count) scale_of[thread] = scales[member * terms.count + thread];
  __syncthreads();

  float total[2][4][4];
#pragma unroll
  for (int i = 0; i < 2; ++i)
#pragma unroll
    for (int j = 0; j < 4; ++j)
#pragma unroll
      for (int k = 0; k < 4; ++k) total[i][j][k] = 0.f;

  int term = 0;
  int k0 = 0;
  for (;;) {
    // The next four slices; the same for all threads.
    int slices = 0;
    int slice_term[4];
    int slice_k[4];
#pragma unroll
    for (int s = 0; s < 4; ++s) {
      while (term < terms.count && (scale_of[term] == 0.f || k0 >= terms.rank[term])) {
        ++term;
        k0 = 0;
      }
      slice_term[s] = term;
      slice_k[s] = k0;
      slices += term < terms.count ? 1 : 0;
      k0 += 16;
    }
    if (slices == 0) break;

    uint4 downs[4];
    const int chunk = thread & 15;
#pragma unroll
    for (int s = 0; s < 4; ++s) {
      downs[s] = make_uint4(0, 0, 0, 0);
      const int k = slice_k[s] + (thread >> 4);
      if (s < slices && k < terms.rank[slice_term[s]] && column0 + chunk * 8 < columns) {
        const long long row = (long long)member * terms.rank[slice_term[s]] + k;
        downs[s] = load_vector(terms.down[slice_term[s]] + row * columns + column0 + chunk * 8);
      }
    }
    uint4 ups[2];
    float up_scale[2];
    const int up_row = (thread & 127) >> 1;
#pragma unroll
    for (int u = 0; u < 2; ++u) {
      const int s = 2 * u + (thread >> 7);
      const int t = thread >= 128 ? slice_term[2 * u + 1] : slice_term[2 * u];
      const int k = (thread >= 128 ? slice_k[2 * u + 1] : slice_k[2 * u]) + (thread & 1) * 8;
      ups[u] = make_uint4(0, 0, 0, 0);
      up_scale[u] = 0.f;
      if (s < slices && row0 + up_row < rows) {
        const int rank = terms.rank[t];
        const long long row = (long long)member * rows + row0 + up_row;
        ups[u] = load_ranks(terms.up[t] + row * rank, k, rank);
        up_scale[u] = scale_of[t];
      }
    }

    __syncthreads();  // the stage before has been read
#pragma unroll
    for (int s = 0; s < 4; ++s) {
      // Columns 8 p + 2 j, + 1 of a warp's 32 go to 8 j + 2 p, + 1.
      unsigned int* to = (unsigned int*)&down_tile[16 * s + (thread >> 4)]
                                                  [(chunk >> 2) * 32 + (chunk & 3) * 2];
      to[0] = downs[s].x;
      to[4] = downs[s].y;
      to[8] = downs[s].z;
      to[12] = downs[s].w;
    }
#pragma unroll
    for (int u = 0; u < 2; ++u) {
      const int k = 16 * (2 * u + (thread >> 7)) + (thread & 1) * 8;
      *(uint4*)&up_tile[up_row][k] =
          make_uint4(scaled(ups[u].x, up_scale[u]), scaled(ups[u].y, up_scale[u]),
                     scaled(ups[u].z, up_scale[u]), scaled(ups[u].w, up_scale[u]));
    }
    __syncthreads();

#pragma unroll
    for (int s = 0; s < 4; ++s) {
      if (s < slices) {
        unsigned int a[2][4];
#pragma unroll
        for (int i = 0; i < 2; ++i) {
          const int row = warp_row + 16 * i + (lane >> 2);
          const int k = 16 * s + (lane & 3) * 2;
          a[i][0] = *(const unsigned int*)&up_tile[row][k];
          a[i][1] = *(const unsigned int*)&up_tile[row + 8][k];
          a[i][2] = *(const unsigned int*)&up_tile[row][k + 8];
          a[i][3] = *(const unsigned int*)&up_tile[row + 8][k + 8];
        }
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          unsigned int b0, b1;
          const unsigned int from =
              shared_address(&down_tile[16 * s + (lane & 15)][warp_column + 8 * j]);
          asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];"
                       : "=r"(b0), "=r"(b1) : "r"(from) : "memory");
#pragma unroll
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
  }

#pragma unroll
  for (int r = 0; r < 4; ++r) {
    const int i = r >> 1;
    const int c = (r & 1) * 2;
    if (own_row + 8 * r < rows && own_column < columns) {
      store_vector(out + place + (long long)(8 * r) * columns,
                   make_uint4(plus(old[r].x, total[i][0][c], total[i][0][c + 1]),
                              plus(old[r].y, total[i][1][c], total[i][1][c + 1]),
                              plus(old[r].z, total[i][2][c], total[i][2][c + 1]),
                              plus(old[r].w, total[i][3][c], total[i][3][c + 1])));
    }
  }
}
#endif
)cuda";

}  // namespace stylus::nn::cuda
