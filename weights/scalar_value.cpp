#include "weights/scalar_value.h"

#include <limits>

#include "weights/dtype.h"

namespace stylus::weights {

double scalar_value(const Tensor& tensor) {
  double value = std::numeric_limits<double>::quiet_NaN();
  if (tensor.element_count() == 1 && is_decodable(tensor.dtype) && !tensor.bytes.empty()) {
    decode(tensor.bytes, tensor.dtype, {&value, 1});
  }
  return value;
}

}  // namespace stylus::weights
