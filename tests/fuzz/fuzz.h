/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a harness is for its driver: libFuzzer, which calls the entry by this name, or mutate.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The sentence that is true when nothing fell over. */
extern const char fuzz_holds[];
