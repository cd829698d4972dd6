/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The entry that libFuzzer calls by this name, and mutate.c, too. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
