/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What sites spill by, as the tests of policies have it. */
#pragma once

#include "core/policy.h"

static const struct policy_profile by_rate = {
	.measure = POLICY_RATE, .spill_at = 900, .recover = 800, .rise = 100};
static const struct policy_profile by_connections = {
	.measure = POLICY_CONNECTIONS, .spill_at = 900, .recover = 800, .rise = 100};
static const struct policy_profile by_load = {
	.measure = POLICY_LOAD, .spill_at = 900, .recover = 800, .rise = 100};
static const struct policy_profile unmeasured = {.spill_at = 900, .recover = 800, .rise = 1000};
