#include "app/commands/generate_options.h"

#include <memory>

#include "app/commands/verbs.h"
#include "app/compose_options.h"
#include "app/verb.h"

namespace stylus::app {
namespace {

/// "512x768"
void take_size(GenerateCommand& command, const std::string& typed) {
  const std::size_t cross = typed.find('x');
  if (cross == std::string::npos ||
      !CLI::detail::lexical_cast(typed.substr(0, cross), command.width) ||
      !CLI::detail::lexical_cast(typed.substr(cross + 1), command.height) || command.width <= 0 ||
      command.height <= 0) {
    throw CLI::ValidationError("--size",
                               "'" + typed + "' is not WIDTHxHEIGHT, for example 512x768");
  }
}

void add_picture_options(CLI::App& verb, GenerateCommand& c) {
  const std::string group = "Picture";
  verb.add_option("-n,--images", c.images, "Pictures (default 1, or as many as the plan lists)")
      ->check(CLI::Range(1, 1000))
      ->group(group);
  verb.add_option("--seed", c.seed, "Seed of the first picture (default 1); the next has one more")
      ->group(group);
  verb.add_flag("--grid", c.grid, "One labelled sheet of all pictures")->group(group);
  verb.add_option("--preview-every", c.preview_every,
                  "Write NAME.preview.png every N steps: what the picture will come to")
      ->check(CLI::Range(1, 1000))
      ->group(group);
  verb.add_option("--steps", c.steps, "Sampling steps (default 20)")
      ->check(CLI::Range(1, 1000))
      ->group(group);
  verb.add_option("--cfg", c.guidance, "Guidance (default 7, or the model's own)")->group(group);
  verb.add_option("--cfg-rescale", c.guidance_rescale, "Guidance rescale, 0 to 1 (default 0)")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group);
  verb.add_option("--sampler", c.sampler,
                  "ddim, euler, euler_a, dpmpp_2m, dpmpp_2m_karras, dpmpp_2m_sde, pndm, lcm, unipc "
                  "(default: the model's own)")
      ->group(group);
  verb.add_option_function<std::string>(
          "--size", [&c](const std::string& typed) { take_size(c, typed); },
          "WIDTHxHEIGHT (default: what the model was trained at)")
      ->group(group);
  verb.add_option("--clip-skip", c.clip_skip, "As in A1111: 1 uses all layers (default)")
      ->check(CLI::Range(1, 12))
      ->group(group);
  verb.add_option("--init", c.init_file, "img2img: start from this PNG or JPEG")->group(group);
  verb.add_option("--strength", c.strength, "img2img: how much is painted anew (default 0.6)")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group);
  verb.add_option("--mask", c.mask_file, "Inpainting: white is painted anew")->group(group);
  verb.add_option("--hires", c.hires_scale, "Second pass at this scale over upscaled latents")
      ->check(CLI::Range(1.0, 4.0))
      ->group(group);
  verb.add_option("--hires-strength", c.hires_strength, "Of the second pass (default 0.7)")
      ->check(CLI::Range(0.0, 1.0))
      ->group(group);
  verb.add_option("--hires-steps", c.hires_steps, "Of the second pass (default: as the first)")
      ->group(group);
  verb.add_option("--composition", c.composition,
                  "sum (default), switch (one adapter at a time) or composite (a pass for each)")
      ->check(CLI::IsMember({"sum", "switch", "composite"}))
      ->group(group);
}

void add_renderer_options(CLI::App& verb, GenerateCommand& c) {
  const std::string group = "Renderer";
  verb.add_option("--model", c.model,
                  "A name of `stylus models list`, or a diffusers folder or .safetensors file")
      ->group(group);
  verb.add_option("--device", c.device, "auto (default), cpu, cuda or cuda:N")->group(group);
  verb.add_option("--precision", c.dtype, "auto (default), fp32, fp16 or bf16")
      ->check(CLI::IsMember({"auto", "fp32", "fp16", "bf16"}))
      ->group(group);
  verb.add_option("--prediction", c.prediction, "What the model predicts, where it does not say so")
      ->check(CLI::IsMember({"epsilon", "v_prediction"}))
      ->group(group);
  verb.add_option("--threads", c.threads, "CPU threads (default: all)")
      ->check(CLI::Range(0, 1024))
      ->group(group);
  verb.add_option("--batch", c.batch, "Pictures per pass at most (default: as memory suggests)")
      ->group(group);
  verb.add_flag("--tiled-vae", c.tiled_vae, "Decode in tiles: less memory for large pictures")
      ->group(group);
  verb.add_option("--save-latents", c.latents_file, "Store the final latents as safetensors")
      ->group(group);
  verb.add_flag("--dry-run", c.dry_run, "Show the job for the renderer, render nothing")
      ->group(group);
}

}  // namespace

void add_generate_verb(CLI::App& app, Action& chosen) {
  const auto command = std::make_shared<GenerateCommand>();
  CLI::App& verb =
      add_verb(app, "generate", "Plan and paint: adapters chosen for the prompt, then the picture",
               "generate \"a penguin, line art\" -o penguin.png -n 4 --grid", chosen,
               [command, &app](const GlobalOptions& global) {
                 command->base_was_typed = app.get_subcommand("generate")->count("--base") > 0;
                 return run_generate(global, *command);
               });
  const CLI::Option* prompt = verb.add_option("PROMPT", command->prompt, "The prompt");
  require_either(verb, prompt,
                 verb.add_option("--plan", command->plan_file, "Paint this stored plan"));
  verb.add_option("-o,--output", command->output_file,
                  "PNG file (default out.png; several become out-1.png, out-2.png, …)");
  verb.add_option("--save-plan", command->plan_output, "Write the plan to this file");
  verb.add_flag("--no-adapters", command->no_adapters, "The bare model, for comparison");
  add_choice_options(verb, command->compose);
  add_strategy_options(verb, command->strategy);
  add_picture_options(verb, *command);
  add_renderer_options(verb, *command);
}

}  // namespace stylus::app
