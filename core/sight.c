/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "core/sight.h"

#include <stdio.h>
#include <string.h>

#define MORE " ..."

void sight_close(struct sight *sight, const char *service, const char *backend)
{
	size_t used = strlen(sight->closed), room = SIGHT_NAMES_MAX - sizeof(MORE) + 1;
	int length;

	if (used >= sizeof(MORE) && strcmp(sight->closed + used - strlen(MORE), MORE) == 0)
		return;
	if (used >= room) {
		strcpy(sight->closed + used, MORE);
		return;
	}
	length = snprintf(sight->closed + used, room - used, "%s%s/%s", used ? " " : "", service, backend);
	if ((size_t)length >= room - used)
		strcpy(sight->closed + used, MORE);
}

/* FNV-1a, 32 bits, by numbers; never 0, which means that there is nothing. */
uint32_t sight_digest(uint32_t digest, uint32_t number)
{
	digest = ((digest ?: 0x811c9dc5) ^ number) * 0x01000193;
	return digest ?: 1;
}

/* By a quarter, and by what is worth a look. */
static bool much(double said, double now, double least)
{
	double change = now > said ? now - said : said - now;

	return change >= least && change * 4 >= (said > now ? said : now);
}

static bool load_differs(const struct sight *said, const struct sight *now)
{
	return said->heard != now->heard || much(said->connections, now->connections, 10) ||
	       much(said->opened_per_s, now->opened_per_s, 10) || much(said->cpu, now->cpu, 200);
}

static bool state_differs(const struct sight *said, const struct sight *now)
{
	return said->generation != now->generation || said->members != now->members ||
	       said->open != now->open || said->services != now->services ||
	       said->served != now->served || said->drain != now->drain || strcmp(said->closed, now->closed) != 0;
}

bool sight_due(const struct sight *said, const struct sight *now, uint64_t age_us, bool *ret_state)
{
	*ret_state = state_differs(said, now);
	if (*ret_state)
		return age_us >= SIGHT_STATE_US;
	return age_us >= SIGHT_LOAD_US && load_differs(said, now);
}
