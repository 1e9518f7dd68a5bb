/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define MAX_OPTIONS 40
#define HELP_COLUMN 28

struct table {
	cli_option list[MAX_OPTIONS];
	struct option names[MAX_OPTIONS + 1];
	char letters[MAX_OPTIONS * 2 + 3];
	int n;
};

static bool want_help, want_version;

static void add(struct table *t, const cli_option *option)
{
	size_t at = strlen(t->letters);

	t->list[t->n] = *option;
	t->names[t->n] = (struct option){ option->name,
		option->value ? required_argument : no_argument, NULL, 256 + t->n };
	if (option->letter) {
		t->letters[at] = option->letter;
		t->letters[at + 1] = option->value ? ':' : '\0';
	}
	t->n++;
}

static void add_global(struct table *t, cli_global *g)
{
	const cli_option list[] = {
		{ "config", 'c', CLI_TEXT, "FILE", "configuration ($AGENTRUN_CONFIG, ./config.yaml)",
			&g->config },
		{ "log-level", 0, CLI_TEXT, "LEVEL", "debug, info, warn, error or off",
			&g->log_level },
		{ "log-format", 0, CLI_TEXT, "FORMAT", "text or json", &g->log_format },
		{ "version", 0, CLI_FLAG, NULL, "print the version", &want_version },
		{ "help", 'h', CLI_FLAG, NULL, "print this", &want_help },
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		add(t, &list[i]);
}

static void print_options(const struct table *t, int from, int to)
{
	for (int i = from; i < to; i++) {
		const cli_option *o = &t->list[i];
		int n = printf("  ");

		n += o->letter ? printf("-%c, ", o->letter) : printf("    ");
		n += printf("--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
		printf("%*s%s\n", n < HELP_COLUMN ? HELP_COLUMN - n : 1, "", o->help);
	}
}

static int print_help(const cli_command *command, const struct table *t, int own)
{
	printf("Usage: agentrun %s %s\n\n%s.\n", command->name, command->arguments,
		command->summary);
	if (own)
		printf("\nOptions:\n");
	print_options(t, 0, own);
	printf("\nGlobal options:\n");
	print_options(t, own, t->n);
	printf("\n");
	if (command->list)
		command->list();
	printf("%s", command->help);
	return cli_finish();
}

int cli_usage(const cli_command *command, const char *fmt, ...)
{
	char line[400], *end;
	agentrun_error *err;
	va_list args;
	int n = snprintf(line, sizeof(line), "%s: ", command->name);

	va_start(args, fmt);
	vsnprintf(line + n, sizeof(line) - (size_t)n - 40, fmt, args);
	va_end(args);
	end = line + strlen(line);
	snprintf(end, (size_t)(line + sizeof(line) - end), " (see agentrun %s --help)",
		command->name);
	err = agentrun_error_new(AGENTRUN_EINVAL, line);
	return cli_fail(err);
}

int cli_timeout_ms(size_t seconds)
{
	if (seconds == SIZE_MAX)
		return -1;
	return seconds < INT_MAX / 1000 ? (int)seconds * 1000 : INT_MAX;
}

static int take_value(const cli_command *command, const cli_option *o,
	const char *value)
{
	char *end;
	unsigned long long number;

	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)o->to = true;
		return -1;
	case CLI_TEXT:
		*(const char **)o->to = value;
		return -1;
	default:
		errno = 0;
		number = strtoull(value, &end, 10);
		if (*value < '0' || *value > '9' || *end || errno)
			return cli_usage(command, "--%s wants a whole number, not \"%s\"",
				o->name, value);
		*(size_t *)o->to = (size_t)number;
		return -1;
	}
}

static const cli_option *find(const struct table *t, int c)
{
	if (c >= 256)
		return &t->list[c - 256];
	for (int i = 0; i < t->n; i++)
		if (t->list[i].letter == c)
			return &t->list[i];
	return NULL;
}

static int complain(const cli_command *command, const struct table *t, int c,
	char **argv)
{
	const cli_option *known = optopt ? find(t, optopt) : NULL;

	if (c == ':' && known)
		return cli_usage(command, "--%s wants a value: %s", known->name, known->value);
	if (known)
		return cli_usage(command, "--%s takes no value", known->name);
	if (optopt && optopt < 256)
		return cli_usage(command, "unknown option -%c", optopt);
	return cli_usage(command, "unknown or ambiguous option %s", argv[optind - 1]);
}

static bool is_one_of(const char *text, const char *const *names)
{
	while (*names && strcmp(*names, text) != 0)
		names++;
	return *names;
}

/* After all options are read: -1, or the exit status of a complaint. */
static int check_global(const cli_command *command, const cli_global *global)
{
	static const char *const levels[] = { "debug", "info", "warn", "error", "off", NULL };
	static const char *const formats[] = { "text", "json", NULL };

	if (global->config && !*global->config)
		return cli_usage(command, "--config wants a file's name");
	if (global->log_level && !is_one_of(global->log_level, levels))
		return cli_usage(command, "--log-level wants debug, info, warn, error or off, "
			"not \"%s\"", global->log_level);
	if (global->log_format && !is_one_of(global->log_format, formats))
		return cli_usage(command, "--log-format wants text or json, not \"%s\"",
			global->log_format);
	return -1;
}

int cli_options_read(cli_global *global, const cli_command *command,
	const cli_option *own, int argc, char **argv, int least, int most, int *n)
{
	struct table t = { .letters = ":", .n = 0 };
	int c, status, n_own;

	for (; own && own->name; own++)
		add(&t, own);
	n_own = t.n;
	add_global(&t, global);
	optind = 0;
	opterr = 0;
	while ((c = getopt_long(argc, argv, t.letters, t.names, NULL)) != -1) {
		if (c == '?' || c == ':')
			return complain(command, &t, c, argv);
		status = take_value(command, find(&t, c), optarg);
		if (status >= 0)
			return status;
	}
	if (want_help)
		return print_help(command, &t, n_own);
	if (want_version) {
		printf("agentrun %s\n", agentrun_version());
		return cli_finish();
	}
	status = check_global(command, global);
	if (status >= 0)
		return status;
	*n = argc - optind;
	if (*n < least)
		return cli_usage(command, "an argument is missing: agentrun %s %.*s", command->name,
			(int)strcspn(command->arguments, "\n"), command->arguments);
	if (*n > most)
		return cli_usage(command, "unexpected argument \"%s\"", argv[optind + most]);
	memmove(argv, argv + optind, (size_t)*n * sizeof(char *));
	return -1;
}
