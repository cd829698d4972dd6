/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words that several judges use. */
#pragma once

#include <string.h>

#include "base/address.h"
#include "doctor/facts.h"

#define WHERE_MAX (CONFIG_NAME_MAX + ADDRESS_TEXT_MAX + 8)

/* "b1 (fd48:6f6c:0:201:f00e::)" */
const char *target_where(const struct fact_target *target, char text[static WHERE_MAX]);

/* "fd48:6f6c:0:201::/64" */
const char *target_locator(const struct fact_target *target, char text[static NETWORK_TEXT_MAX]);
