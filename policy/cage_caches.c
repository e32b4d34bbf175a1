/* SPDX-License-Identifier: Apache-2.0 */
/* Which directories `cache` in [fs] write stands for besides the guarded roots, and which devices are always
 * there. Adding one is adding a row. */
#include "policy/places.h"

/* What is not there is left out, unless `make` says that the loader would make it. */
const struct hg_cache_row hg_cache_rows[] = {
    /* huggingface_hub/constants.py, transformers/utils/hub.py, datasets/config.py, evaluate/config.py */
    {"HF_HOME", "XDG", "huggingface", true},
    {"HF_HUB_CACHE", "HF", "hub", true},
    {"HUGGINGFACE_HUB_CACHE", "HF", "hub", false},
    {"HF_MODULES_CACHE", "HF", "modules", true},
    {"HF_ASSETS_CACHE", "HF", "assets", false},
    {"HUGGINGFACE_ASSETS_CACHE", "HF", "assets", false},
    {"HF_XET_CACHE", "HF", "xet", false},
    {"HF_DATASETS_CACHE", "HF", "datasets", false},
    {"HF_DATASETS_DOWNLOADED_DATASETS_PATH", NULL, NULL, false},
    {"HF_DATASETS_EXTRACTED_DATASETS_PATH", NULL, NULL, false},
    {"HF_EVALUATE_CACHE", "HF", "evaluate", false},
    {"HF_METRICS_CACHE", "HF", "metrics", false},
    /* torch/hub.py, torch/utils/cpp_extension.py, torch/_inductor (cache_dir_utils.py), aten jiterator */
    {"TORCH_HOME", "XDG", "torch", true},
    {"TORCH_EXTENSIONS_DIR", "XDG", "torch_extensions", false},
    {"TORCHINDUCTOR_CACHE_DIR", NULL, NULL, false},
    {"PYTORCH_KERNEL_CACHE_PATH", "XDG", "torch/kernels", false},
    /* triton/knobs.py (triton/runtime/cache.py before 3.4) */
    {"TRITON_CACHE_DIR", "~", ".triton/cache", false},
    {NULL, "~", ".triton", false},
    /* numba/core/config.py and caching.py; matplotlib/__init__.py; fontconfig */
    {"NUMBA_CACHE_DIR", "XDG", "numba", false},
    {"MPLCONFIGDIR", "XDG", "matplotlib", false},
    {NULL, "XDG", "fontconfig", false},
    /* CUDA C++ programming guide, CUDA_CACHE_PATH; MIOpen; CuPy; JAX */
    {"CUDA_CACHE_PATH", "~", ".nv/ComputeCache", false},
    {"MIOPEN_CUSTOM_CACHE_DIR", "XDG", "miopen", false},
    {"MIOPEN_USER_DB_PATH", "~", ".config/miopen", false},
    {"CUPY_CACHE_DIR", "~", ".cupy/kernel_cache", false},
    {"JAX_COMPILATION_CACHE_DIR", NULL, NULL, false},
    /* modelscope/hub, pycsghub/constants.py, mmengine and mim */
    {"MODELSCOPE_CACHE", "XDG", "modelscope", false},
    {"CSGHUB_CACHE", "XDG", "csg", false},
    {NULL, "XDG", "mim", false},
    /* vllm/envs.py; flashinfer/jit/env.py; sglang; deepspeed */
    {"VLLM_CACHE_ROOT", "XDG", "vllm", false},
    {NULL, "XDG", "flashinfer", false},
    {NULL, "XDG", "sglang", false},
    /* whisper/__init__.py; open_clip (pretrained.py); kagglehub/config.py; tiktoken/load.py; Keras */
    {NULL, "XDG", "whisper", false},
    {NULL, "XDG", "clip", false},
    {"KAGGLEHUB_CACHE", "XDG", "kagglehub", false},
    {"TIKTOKEN_CACHE_DIR", NULL, NULL, false},
    {"KERAS_HOME", "~", ".keras", false},
    /* wandb/env.py; Python's own -X pycache_prefix */
    {"WANDB_CACHE_DIR", "XDG", "wandb", false},
    {"PYTHONPYCACHEPREFIX", NULL, NULL, false},
};
const size_t hg_cache_row_count = sizeof hg_cache_rows / sizeof hg_cache_rows[0];

const char *const hg_device_patterns[] = {
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/nvidia*",
    "/dev/nvidia-caps/*",
    "/dev/nvidia-caps-imex-channels/*",
    "/dev/dri/*",
    "/dev/kfd",
    "/dev/infiniband/*",
    "/dev/accel/*",
};
const size_t hg_device_pattern_count = sizeof hg_device_patterns / sizeof hg_device_patterns[0];
