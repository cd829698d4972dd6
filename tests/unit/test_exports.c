/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon's numbers over TCP, asked by a child while the loop turns here. */
#include "daemon/exports.h"

#include <curl/curl.h>
#include <math.h>
#include <stdarg.h>
#include <sys/wait.h>

#include "tests/unit/cli.h"

#define BACKENDS 10000

/* Of this process's own: the same tests may run beside us. */
static const char *at(void)
{
	static char text[32]; /* a child's is its parent's */

	if (!*text)
		snprintf(text, sizeof(text), "[::1]:%d", 20000 + getpid() % 20000);
	return text;
}

struct world {
	sd_event *event;
	struct exports *exports;
	int states; /* that were made */
};

/* As that of a gateway with many backends. */
static int answer_state(const struct control_request *request, void *userdata, json_t **ret)
{
	struct world *world = userdata;
	json_t *backends = json_array();

	for (int i = 0; i < BACKENDS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "b%d", i);
		json_array_append_new(backends, json_pack("{s:s s:b s:b s:i s:i s:{s:b s:i}}", "name", name,
							  "open", 1, "reachable", 1, "weight", 1, "pins",
							  0, "health", "up", 1, "falls", 2));
	}
	world->states++;
	*ret = json_pack("{s:s s:s s:[{s:s s:o}]}", "node", "g1", "role", "gateway", "services",
			 "name", "web", "backends", backends);
	return 0;
}

static int answer_nothing(const struct control_request *request, void *userdata, json_t **ret)
{
	*ret = json_pack("{s:{s:{s:i s:i s:s}}}", "counters", "picked", "packets", 7, "bytes", 700,
			 "action", "SEND");
	return 0;
}

static void look(struct history_lines *ret, void *userdata)
{
	ret->services[ret->n_services] = "web";
	ret->of_services[ret->n_services++] = (struct history_line){160, NAN, 6, 71.5};
	ret->sites[ret->n_sites] = "west";
	ret->of_sites[ret->n_sites++] = (struct history_line){100, 42, NAN, NAN};
}

static int set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_true(sd_event_new(&world->event) >= 0);
	assert_int_equal(exports_new(world->event, answer_state, answer_nothing, look, world, &world->exports), 0);
	exports_listen(world->exports, at());
	*state = world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;

	exports_free(world->exports);
	sd_event_unref(world->event);
	free(world);
	return 0;
}

static void ask(const char *path, const char *method, FILE *to)
{
	CURL *curl = curl_easy_init();
	char url[128];
	long status = 0;

	snprintf(url, sizeof(url), "http://%s%s", at(), path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, to);
	if (curl_easy_perform(curl) == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	fprintf(to, "%ld", status);
	fclose(to);
}

/* The body and, behind it, the status. */
static char *fetch(struct world *world, const char *path, const char *method)
{
	FILE *file = tmpfile();
	pid_t child = fork();
	char *text;
	long size;
	int status;

	if (child == 0) {
		ask(path, method, file);
		_exit(0);
	}
	while (waitpid(child, &status, WNOHANG) == 0)
		sd_event_run(world->event, 10 * 1000);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	text = calloc(1, size + 1);
	assert_int_equal(fread(text, 1, size, file), size);
	fclose(file);
	return text;
}

static size_t lines_of(const char *text, const char *begin)
{
	size_t n = 0;

	for (const char *at = text; at; at = strchr(at, '\n'), at += at != NULL)
		n += strncmp(at, begin, strlen(begin)) == 0;
	return n;
}

static void all_backends_come_whole_from_one_state(void **state)
{
	struct world *world = *state;
	_cleanup_free_ char *text = fetch(world, "/metrics", "GET");

	assert_int_equal(world->states, 1);
	assert_int_equal(lines_of(text, "holdfast_backend_up{"), BACKENDS);
	assert_int_equal(lines_of(text, "holdfast_backend_falls_total{"), BACKENDS);
	assert_int_equal(lines_of(text, "# TYPE holdfast_backend_up gauge"), 1);
	assert_non_null(strstr(text, "backend=\"b9999\"} 2\n200"));
}

static void one_who_goes_away_in_the_middle_costs_nothing(void **state)
{
	struct world *world = *state;
	pid_t child = fork();
	int status;

	if (child == 0) {
		ask("/metrics", "GET", fopen("/dev/full", "w"));
		_exit(0);
	}
	while (waitpid(child, &status, WNOHANG) == 0)
		sd_event_run(world->event, 10 * 1000);
	free(fetch(world, "/metrics", "GET"));
	assert_int_equal(world->states, 2);
}

static void the_page_needs_nothing_from_elsewhere(void **state)
{
	_cleanup_free_ char *text = fetch(*state, "/", "GET");

	assert_int_equal(strncmp(text, "<!DOCTYPE html>", 15), 0);
	assert_non_null(strstr(text, "</html>\n200"));
	assert_non_null(strstr(text, "default-src 'none'"));
	assert_null(strstr(text, "src=\"http"));
	assert_null(strstr(text, "href=\"http"));
}

static void what_the_page_draws_is_small_however_many_backends_there_are(void **state)
{
	_cleanup_free_ char *text = fetch(*state, "/figures?after=0&events=0", "GET");

	assert_true(strlen(text) < 20000);
	assert_non_null(strstr(text, "\"members\":10000,\"open\":10000,\"down\":0"));
	assert_non_null(strstr(text, "\"happened\":{"));
}

static void the_page_gets_the_past_and_after_that_what_is_new(void **state)
{
	struct world *world = *state;
	char *text, *at_sample;
	double time_s = 0;

	do {
		sd_event_run(world->event, 100 * 1000);
		text = fetch(world, "/figures?after=0&events=0", "GET");
		at_sample = strstr(text, "\"samples\":[[");
		if (at_sample)
			time_s = strtod(at_sample + strlen("\"samples\":[["), NULL);
		free(text);
	} while (!at_sample); /* the first comes after a second */
	assert_true(time_s > 1e9);
	text = fetch(world, "/figures?after=0&events=0", "GET");
	assert_non_null(strstr(text, "\"services\":[\"web\"],\"sites\":[\"west\"],\"lines\":[["));
	assert_non_null(strstr(text, ",160.0,null,6.0,71.5,100.0,42.0,null,null]"));
	free(text);
	text = fetch(world, "/figures?after=4e9&events=0", "GET");
	assert_non_null(strstr(text, "\"samples\":[]"));
	free(text);
}

static void nothing_can_be_changed_there(void **state)
{
	_cleanup_free_ char *text = fetch(*state, "/metrics", "POST");

	assert_non_null(strstr(text, "405"));
}

static void what_there_is_not_is_not_found(void **state)
{
	_cleanup_free_ char *text = fetch(*state, "/status", "GET");

	assert_non_null(strstr(text, "404"));
}

static void off_listens_nowhere_and_an_address_does_again(void **state)
{
	struct world *world = *state;
	char *text;

	exports_listen(world->exports, "off");
	text = fetch(world, "/metrics", "GET");
	assert_string_equal(text, "0");
	free(text);
	exports_listen(world->exports, at());
	text = fetch(world, "/metrics", "GET");
	assert_non_null(strstr(text, "\n200"));
	free(text);
}

static void an_address_that_is_taken_is_said_and_nothing_more(void **state)
{
	struct world *world = *state;
	struct stderr_kept kept;
	struct exports *second;
	char said[256], wanted[256];

	assert_int_equal(exports_new(world->event, answer_state, answer_nothing, look, world, &second), 0);
	stderr_keep(&kept);
	exports_listen(second, at());
	stderr_back(&kept, said, sizeof(said));
	snprintf(wanted, sizeof(wanted), "metrics: cannot listen at %s: Address already in use\n", at());
	assert_non_null(strstr(said, wanted));
	exports_free(second);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(all_backends_come_whole_from_one_state),
		TEST(one_who_goes_away_in_the_middle_costs_nothing),
		TEST(the_page_needs_nothing_from_elsewhere),
		TEST(what_the_page_draws_is_small_however_many_backends_there_are),
		TEST(the_page_gets_the_past_and_after_that_what_is_new),
		TEST(nothing_can_be_changed_there),
		TEST(what_there_is_not_is_not_found),
		TEST(off_listens_nowhere_and_an_address_does_again),
		TEST(an_address_that_is_taken_is_said_and_nothing_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
