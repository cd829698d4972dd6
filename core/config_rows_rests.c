/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is not used again at once (core/rests.h). */
#include "core/config_part.h"

#include "base/date.h"
#include "core/config.h"
#include "wire/maps.h"

static const char *check_date(const void *value)
{
	uint64_t seconds;

	return date_parse(*(char *const *)value, &seconds) < 0 ? "is not a moment" : NULL;
}

#define MOMENT                                                                                     \
	.type = CONFIG_TEXT, .required = true, .check = check_date,                                \
	.allowed = "a moment in UTC, like \"2026-11-26T04:00:00Z\""

static const struct config_row rows[] = {
	{
		.path = "rest",
		.type = CONFIG_NUMBER,
		.min = 0,
		.max = 2592000,
		.unit = "s",
		.fallback = "86400",
		.help = "How long a removed backend's id, and the keys of an epoch that new connections "
			"do not get any more, rest before something else may have them: what clients "
			"send may still carry them. 0: not at all, also for what rests already.",
		AT(config, rest_s),
	},
	{
		.path = "resting-ids",
		.type = CONFIG_ITEMS,
		.max = BACKENDS_MAX - 1,
		.help = "Ids of removed backends, and whose they were. In a store the command line keeps "
			"this list; with a file each daemon remembers for itself, and the list is not "
			"needed.",
		MANY_AT(config, resting_ids),
	},
	{
		.path = "resting-ids.*.was",
		.type = CONFIG_TEXT,
		.required = true,
		.allowed = "a backend's name",
		.help = "The backend that had the id. It may have it again at any time.",
		AT(config_resting_id, was),
	},
	{
		.path = "resting-ids.*.locator",
		.type = CONFIG_LOCATOR,
		.required = true,
		.help = "Its locator. A backend with this locator is the same one under another name.",
		AT(config_resting_id, locator),
	},
	{
		.path = "resting-ids.*.since",
		MOMENT,
		.help = "When it was removed.",
		AT(config_resting_id, since),
	},
	{
		.path = "resting-epochs",
		.type = CONFIG_ITEMS,
		.max = 65536,
		.help = "Epochs of keys (cookie-epoch) that new connections do not get any more; kept as "
			"resting-ids are.",
		MANY_AT(config, resting_epochs),
	},
	{
		.path = "resting-epochs.*.since",
		MOMENT,
		.help = "When the next one took its place.",
		AT(config_resting_epoch, since),
	},
};

const struct config_part config_rows_rests = PART(rows);
