/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cli/command.h"

#include "cli/verbs.h"
#include "tests/unit/cli.h"

#define WORDS_MAX 12

/* A line, its words and what they became; the command points into the words. */
struct typed {
	char room[512];
	char *words[WORDS_MAX];
	struct command command;
};

static int type(const char *line, struct typed *typed)
{
	int n = 0;

	snprintf(typed->room, sizeof(typed->room), "holdfast %s", line);
	for (char *word = strtok(typed->room, " "); word; word = strtok(NULL, " "))
		typed->words[n++] = word;
	typed->words[n] = NULL;
	return command_parse(n, typed->words, &typed->command);
}

static const struct command *parsed(const char *line, struct typed *typed)
{
	assert_int_equal(type(line, typed), 0);
	return &typed->command;
}

/* The one line on stderr, without the program's name. */
static void refuses(const char *line, const char *message)
{
	struct stderr_kept kept;
	struct typed typed;
	char text[1024], *at;
	int r;

	stderr_keep(&kept);
	r = type(line, &typed);
	stderr_back(&kept, text, sizeof(text));
	assert_int_equal(r, -EINVAL);
	at = strstr(text, "error: ");
	assert_non_null(at);
	at[strcspn(at, "\n")] = '\0';
	assert_string_equal(at + strlen("error: "), message);
}

static void options_stand_before_or_after_the_verb(void **state)
{
	struct typed typed;
	const struct command *command = parsed("--socket /s path tcp --json a b", &typed);

	assert_string_equal(command->verb->name, "path");
	assert_string_equal(command->socket, "/s");
	assert_true(command->json);
	assert_int_equal(command->n_values, 3);
	assert_string_equal(command->values[0], "tcp");
	assert_string_equal(command->values[2], "b");
}

static void a_verb_of_two_words_is_found_under_its_group(void **state)
{
	struct typed typed;
	const struct command *command =
		parsed("config diff new.yaml --against old.yaml -N g1", &typed);

	assert_string_equal(command->verb->name, "config diff");
	assert_string_equal(command->values[0], "new.yaml");
	assert_string_equal(command->against, "old.yaml");
	assert_string_equal(command->node, "g1");
}

static void explain_is_an_option_of_config_too(void **state)
{
	struct typed typed;
	const struct command *command = parsed("config --explain services.*.vips", &typed);

	assert_string_equal(command->verb->name, "config explain");
	assert_int_equal(command->n_values, 1);
	assert_string_equal(command->values[0], "services.*.vips");

	parsed("config --explain", &typed);
	assert_string_equal(command->verb->name, "config explain");
	assert_int_equal(command->n_values, 0);

	parsed("config explain --explain mtu", &typed);
	assert_string_equal(command->values[0], "mtu");
}

static void watch_takes_a_number_or_none(void **state)
{
	struct typed typed;
	const struct command *command = parsed("counters --watch", &typed);

	assert_int_equal(command->watch_s, 1);

	parsed("counters --watch 5 --all", &typed);
	assert_int_equal(command->watch_s, 5);
	assert_int_equal(command->n_values, 0);

	parsed("--watch counters --count 3", &typed);
	assert_string_equal(command->verb->name, "counters");
	assert_int_equal(command->watch_s, 1);
	assert_int_equal(command->count, 3);

	parsed("counters --watch=7", &typed);
	assert_int_equal(command->watch_s, 7);
}

static void help_needs_no_arguments_of_the_verb(void **state)
{
	struct typed typed;
	const struct command *command = parsed("path --help", &typed);

	assert_true(command->help);
	assert_string_equal(command->verb->name, "path");
}

static void without_a_verb_there_is_none(void **state)
{
	struct typed typed;

	assert_null(parsed("--json", &typed)->verb);
}

static void a_wrong_verb_is_told_what_it_nearly_was(void **state)
{
	refuses("statsu", "statsu: no such verb, did you mean status?");
	refuses("colour", "colour: no such verb, allowed: status, services, backends, gateways, counters, "
			  "metrics, path, rests, off, on, trace, events, ... (all: holdfast help)");
	refuses("config chek f", "config chek: no such verb, did you mean check?");
	refuses("config f", "config f: no such verb, allowed: check, diff, explain, schema, push, pull");
}

static void a_wrong_option_is_told_what_it_nearly_was(void **state)
{
	refuses("status --jsn", "--jsn: no option of holdfast status, did you mean --json?");
	refuses("--jsn status", "--jsn: no option of holdfast status, did you mean --json?");
	refuses("counters --wacth 2 --all", "--wacth: no option of holdfast counters, did you mean --watch?");
	refuses("status --json=yes", "--json=yes: --json takes no value");
	refuses("status --socket", "--socket: nothing follows, allowed: PATH");
}

/* All of them, and no others: none of the rows that it does not take, and no "..." */
static void a_wrong_option_is_told_those_of_its_verb(void **state)
{
	refuses("status --bogus",
		"--bogus: no option of holdfast status, allowed: --socket, --json, --version, --help");
	refuses("status -x",
		"-x: no option of holdfast status, allowed: --socket, --json, --version, --help");
	refuses("status -jx now",
		"-x: no option of holdfast status, allowed: --socket, --json, --version, --help");
	refuses("trace --bogus",
		"--bogus: no option of holdfast trace, allowed: --socket, --json, --count, --client, "
		"--vip, --verdict, --sample, --version, --help");
	refuses("--bogus", "--bogus: no option of holdfast, allowed: --socket, --json, --version, --help");
	refuses("--bogus statsu", "statsu: no such verb, did you mean status?");
}

static void no_verb_has_more_options_than_are_told(void **state)
{
	for (int i = 0; i < n_verbs; i++) {
		struct stderr_kept kept;
		struct typed typed;
		char line[64], text[1024];

		snprintf(line, sizeof(line), "%s --bogus", verbs[i].name);
		stderr_keep(&kept);
		type(line, &typed);
		stderr_back(&kept, text, sizeof(text));
		assert_non_null(strstr(text, ", --help\n"));
	}
}

static void an_option_of_another_verb_is_refused(void **state)
{
	refuses("status --watch",
		"--watch: no option of holdfast status, allowed: --socket, --json, --version, --help");
	refuses("config check f --node g1",
		"--node: no option of holdfast config check, allowed: --socket, --json, --version, --help");
	refuses("config --all",
		"--all: no option of holdfast config, allowed: --socket, --json, --explain, --version, "
		"--help");
}

static void a_wrong_number_is_refused(void **state)
{
	refuses("counters --watch=0", "--watch: 0 is no such number, allowed: 1 to 86400");
	refuses("counters --count many", "--count: many is no such number, allowed: 1 to 86400");
}

static void an_argument_that_is_missing_is_named(void **state)
{
	refuses("path tcp", "path: CLIENT:PORT is missing, usage: holdfast path tcp|udp CLIENT:PORT "
			    "VIP:PORT [PACKET [TSECR]]");
	refuses("config check", "config check: FILE is missing, usage: holdfast config check FILE");
	refuses("service set web ports",
		"service set: VALUE is missing, usage: holdfast service set NAME PATH VALUE");
}

static void every_argument_that_must_be_there_has_a_word_in_the_usage(void **state)
{
	for (int i = 0; i < n_verbs; i++) {
		const char *word = verbs[i].usage;

		for (int n = 0; n < verbs[i].least; n++) {
			assert_non_null(word);
			assert_in_range(*word, 'A', 'z');
			assert_int_not_equal(*word, '[');
			word = strchr(word, ' ') ? strchr(word, ' ') + 1 : NULL;
		}
		assert_true(verbs[i].most == 0 || verbs[i].usage);
	}
}

static void an_argument_too_many_is_named(void **state)
{
	refuses("status now", "now: not understood, holdfast status takes no arguments");
	refuses("events --follow extra", "extra: not understood, holdfast events takes no arguments");
	refuses("counters -w abc", "abc: not understood, holdfast counters takes no arguments; --watch "
				   "takes a number, 1 to 86400");
	refuses("config push a b", "b: one argument too many, usage: holdfast config push FILE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_stand_before_or_after_the_verb),
		cmocka_unit_test(a_verb_of_two_words_is_found_under_its_group),
		cmocka_unit_test(explain_is_an_option_of_config_too),
		cmocka_unit_test(watch_takes_a_number_or_none),
		cmocka_unit_test(help_needs_no_arguments_of_the_verb),
		cmocka_unit_test(without_a_verb_there_is_none),
		cmocka_unit_test(a_wrong_verb_is_told_what_it_nearly_was),
		cmocka_unit_test(a_wrong_option_is_told_what_it_nearly_was),
		cmocka_unit_test(a_wrong_option_is_told_those_of_its_verb),
		cmocka_unit_test(no_verb_has_more_options_than_are_told),
		cmocka_unit_test(an_option_of_another_verb_is_refused),
		cmocka_unit_test(a_wrong_number_is_refused),
		cmocka_unit_test(an_argument_that_is_missing_is_named),
		cmocka_unit_test(every_argument_that_must_be_there_has_a_word_in_the_usage),
		cmocka_unit_test(an_argument_too_many_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
