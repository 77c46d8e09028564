#include "generator/render_request.h"

#include <cmath>

#include "support/error.h"

namespace stylus::generator {

void check_request(const RenderRequest& request, std::int64_t factor, bool is_inpainting) {
  const auto side = [factor](std::int64_t pixels, const char* name) {
    require(pixels >= factor && pixels <= kMaxPictureSide && pixels % factor == 0,
            ErrorCode::kInvalidArgument, name, " is ", pixels, "; it must be a multiple of ",
            factor, " from ", factor, " to ", kMaxPictureSide);
  };
  side(request.width, "width");
  side(request.height, "height");
  require(!request.images.empty() && request.images.size() <= 10'000, ErrorCode::kInvalidArgument,
          "a request has 1 to 10000 pictures, this one ", request.images.size());
  require(request.steps >= 1 && request.steps <= 1000, ErrorCode::kInvalidArgument, "steps is ",
          request.steps, "; it must be 1 to 1000");
  require(std::isfinite(request.guidance) && std::abs(request.guidance) <= 1000,
          ErrorCode::kInvalidArgument, "guidance must be a number within 1000");
  require(request.guidance_rescale >= 0 && request.guidance_rescale <= 1,
          ErrorCode::kInvalidArgument, "guidance rescale is ", request.guidance_rescale,
          "; it must be 0 to 1");
  require(!request.mask || request.init, ErrorCode::kInvalidArgument,
          "a mask needs an init picture to paint into");
  require(!is_inpainting || request.mask, ErrorCode::kInvalidArgument,
          "this is an inpainting model: it needs an init picture and a mask");
  require(request.hires.scale >= 1 && request.hires.scale <= 4, ErrorCode::kInvalidArgument,
          "hires scale is ", request.hires.scale, "; it must be 1 to 4");
  const double area = static_cast<double>(request.width) * static_cast<double>(request.height) *
                      request.hires.scale * request.hires.scale;
  require(area <= static_cast<double>(kMaxPicturePixels), ErrorCode::kInvalidArgument,
          "the picture would have ", area, " pixels; at most ", kMaxPicturePixels, " are drawn");
  require(request.hires.steps >= 0 && request.hires.steps <= 1000, ErrorCode::kInvalidArgument,
          "hires steps is ", request.hires.steps, "; it must be 0 (as the first pass) to 1000");
  require(request.batch >= 0 && request.switch_period >= 1, ErrorCode::kInvalidArgument,
          "batch is ", request.batch, " and the switch period ", request.switch_period,
          "; they must be at least 0 and 1");
  require(request.hires.scale == 1 || !request.init, ErrorCode::kUnsupported,
          "hires starts from noise: leave out the init picture or the second pass");
}

}  // namespace stylus::generator
