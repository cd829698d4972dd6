/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The gateway's settings, for steps that are not handed them: a function that is verified apart cannot be handed a
 * pointer into them, and what bounds an index must be what the verifier reads there. */
#pragma once

#include "bpf/steps/program.h"
#include "wire/maps.h"

extern const volatile struct gateway_settings settings;
