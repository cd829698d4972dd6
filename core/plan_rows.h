/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parts of a plan that are shared between its files. */
#pragma once

#include "core/plan.h"

/* Fills service->others, and the shares that are wanted first: everything stays. */
void plan_order(const struct plan *plan, struct plan_service *service);
