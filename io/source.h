/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The address that a host asks other nodes from: in the infrastructure's network, since nobody else is
 * answered.
 */
#pragma once

#include "base/address.h"

/*
 * An address of this host in the prefix, on a link rather than on lo; `current` (or NULL) while the
 * host has it. Cheap enough for once a second. 0; -EADDRNOTAVAIL: the host has none; or another errno.
 */
int source_choose(const struct prefix *infrastructure, const union address *current,
		  union address *ret);
