/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/events.h"

#include <string.h>
#include <time.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/follow.h"
#include "cli/text.h"
#include "cli/watch.h"

#define POLL_MS 200

static const char *text(const json_t *event, const char *name)
{
	const char *value = json_string_value(json_object_get(event, name));

	return value ? value : "-";
}

static enum colour colour_of(const char *level)
{
	if (strcmp(level, "error") == 0)
		return COLOUR_BAD;
	return strcmp(level, "warning") == 0 ? COLOUR_CARE : COLOUR_NONE;
}

void events_print(const json_t *event, FILE *to)
{
	double time_s = json_number_value(json_object_get(event, "time"));
	enum colour colour = colour_of(text(event, "level"));
	time_t seconds = time_s;
	char when[32] = "-";
	struct tm local;

	if (localtime_r(&seconds, &local))
		strftime(when, sizeof(when), "%F %T", &local);
	fprintf(to, "%s.%03d  %s%-15s%s  %s\n", when, (int)((time_s - seconds) * 1000),
		colour_on(to, colour), text(event, "event"), colour_off(to, colour),
		text(event, "text"));
}

static int fetch(struct follow *follow)
{
	json_t *answer;
	int r = follow_fetch(follow, "/events", &answer);

	if (r < 0)
		return r;
	r = follow_show(follow, answer);
	json_decref(answer);
	return r;
}

static int on_pause_over(void *userdata)
{
	return fetch(userdata);
}

int events_run(const struct command *command)
{
	struct follow follow = {.command = command, .print = events_print};
	int r = fetch(&follow);

	if (r == 0 && command->follow)
		r = watch_steps(POLL_MS, 0, on_pause_over, &follow);
	if (follow.lost)
		log_warning("%lld older events have given way to newer ones", (long long)follow.lost);
	return r < 0 ? r : 0;
}
