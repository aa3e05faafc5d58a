/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/frame_c.h"
#include "kernels/kernels.h"

#include <pthread.h>
#include <stddef.h>

/* feature, folder: in the order of the features. */
#if defined(__x86_64__)
#define INSTRUCTION_SETS(SET)                                                                      \
    SET(HRNET_CPU_AVX2, avx2)                                                                      \
    SET(HRNET_CPU_AVX_VNNI, avxvnni)                                                               \
    SET(HRNET_CPU_AVX512, avx512)                                                                  \
    SET(HRNET_CPU_AVX512_VNNI, avx512vnni)
#elif defined(__aarch64__)
#define INSTRUCTION_SETS(SET)                                                                      \
    SET(HRNET_CPU_NEON, neon)                                                                      \
    SET(HRNET_CPU_NEON_DOTPROD, neondotprod)
#else
#define INSTRUCTION_SETS(SET)
#endif

#define DECLARE(feature, folder) void hrnet_kernels_add_##folder(HrnetKernels *kernels);
INSTRUCTION_SETS(DECLARE)

static const HrnetKernels kernels_c = {
    .conv = {
        .vector_floats = 16,
        .tile_rows_max = 8,
        .tile_vectors_max = 3,
        .tile = hrnet_conv_tile_f32_c,
        .stage = hrnet_conv_stage_f32_c,
        .wino4_input = hrnet_wino4_input_f32_c,
        .wino4_product = hrnet_wino4_product_f32_c,
        .wino4_output = hrnet_wino4_output_f32_c,
        .wino4_weights = hrnet_wino4_weights_f32_c,
        .wino4s2_input = hrnet_wino4s2_input_f32_c,
        .wino4s2_output = hrnet_wino4s2_output_f32_c,
        .wino4s2_weights = hrnet_wino4s2_weights_f32_c,
    },
};

void hrnet_kernels_fill(HrnetKernels *kernels, HrnetCpuFeatures features)
{
    *kernels = kernels_c;
    kernels->frame = hrnet_frame_kernels_c;
    kernels->resize = hrnet_resize_kernels_c;
    kernels->score = hrnet_score_kernels_c;
    kernels->int8 = hrnet_int8_kernels_c;
    kernels->exact.frame = hrnet_frame_kernels_c;
    kernels->exact.frame.blend_rows = hrnet_blend_rows_u8_c_exact;
    kernels->exact.frame.blend_rows16 = hrnet_blend_rows_u16_c_exact;
    kernels->exact.frame.filter_columns = hrnet_filter_columns_f32_c_exact;
    kernels->exact.frame.color = hrnet_color_f32_c_exact;
    kernels->exact.resize = hrnet_resize_kernels_c_exact;
#define ADD(feature, folder)                                                                       \
    if (features & 1u << (feature))                                                                \
        hrnet_kernels_add_##folder(kernels);
    INSTRUCTION_SETS(ADD)
    (void)features;
}

static HrnetKernels process_kernels;
static pthread_once_t process_once = PTHREAD_ONCE_INIT;

static void fill_for_process(void)
{
    hrnet_kernels_fill(&process_kernels, hrnet_cpu_features());
}

const HrnetKernels *hrnet_kernels(void)
{
    pthread_once(&process_once, fill_for_process);
    return &process_kernels;
}
