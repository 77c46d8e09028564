#include "nn/stored_latents.h"

#include <ATen/ops/cat.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "support/error.h"
#include "support/file.h"

namespace stylus::nn {

void write_stored_tensor(const std::filesystem::path& path, const std::string& name,
                         const std::vector<at::Tensor>& rows) {
  require(!rows.empty(), ErrorCode::kInvalidArgument, "there are no tensors to write");
  for (const at::Tensor& row : rows) {
    require(row.sizes() == rows.front().sizes(), ErrorCode::kInvalidArgument,
            "tensors of different shapes cannot be stored as one");
  }
  const at::Tensor all = at::cat(rows).to(at::kCPU, at::kFloat).contiguous();
  const auto bytes = static_cast<std::size_t>(all.numel()) * sizeof(float);
  const nlohmann::ordered_json header = {
      {name, {{"dtype", "F32"}, {"shape", all.sizes().vec()}, {"data_offsets", {0, bytes}}}}};
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  write_file_atomically(path, [&](std::ostream& out) {
    const std::uint64_t length = text.size();
    for (unsigned shift = 0; shift < 64; shift += 8) {
      out.put(static_cast<char>((length >> shift) & 0xFFU));
    }
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.write(reinterpret_cast<const char*>(all.const_data_ptr<float>()),
              static_cast<std::streamsize>(bytes));
  });
}

}  // namespace stylus::nn
