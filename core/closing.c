/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/closing.h"

bool closing_asks(struct closing *closing, bool served)
{
	bool asks = !served && !closing->asked;

	closing->asked = !served;
	return asks;
}

bool closing_settles(struct closing *closing, bool served)
{
	if (closing->closed == !served || (!served && closing->awaited))
		return false;
	closing->closed = !served;
	return true;
}
