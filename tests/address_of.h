/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/address.h"

/* An address that a test writes down. */
static inline union address address_of(const char *text)
{
	union address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}
