/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Numbers as people write them in files and addresses: decimal, no sign, no spaces, no leading
 * zero. strtoul(3) takes all of those and wraps "-1" round to a large number.
 */
#pragma once

#include <stdint.h>

/* 0 to `max`. 0, -EINVAL: no such number, or -ERANGE: larger than `max`. */
int number_parse(const char *text, uint64_t max, uint64_t *ret);
