/* The safetensors format (https://github.com/huggingface/safetensors): 8 bytes of header length, a
 * JSON header, data. SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef HRNET_WEIGHTS_SAFETENSORS_H
#define HRNET_WEIGHTS_SAFETENSORS_H

#include "weights/file.h"
#include "weights/source.h"

/* Takes the file over, on failure as well. Every offset, size and shape is checked; the data has to
 * be covered without gaps or overlaps, as the format demands. */
HrnetSource *hrnet_safetensors_open(HrnetFile *file, GError **error);

#endif
