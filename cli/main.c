/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const cli_command *const commands[] = {
	&cli_run,
	&cli_classify,
	&cli_plan,
	&cli_exec,
	&cli_patch,
	&cli_submit,
	&cli_result,
	&cli_cancel,
	&cli_queue,
	&cli_worker,
	&cli_store,
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int help(void)
{
	printf("Usage: agentrun COMMAND ...\n\n"
	       "Runs agent jobs: a prompt becomes a data pipeline that is run, or a patch of a\n"
	       "workflow that is applied.\n\nCommands:\n");
	for (size_t i = 0; i < N_COMMANDS; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	printf("\nEvery command takes -c/--config FILE, --log-level LEVEL, --log-format FORMAT and\n"
	       "-h/--help, which prints its options and examples.\n\n"
	       "Exit status: 0 done, 1 failed, 2 wrong usage, 3 invalid input, 4 refused by\n"
	       "policy, 5 a backend or the network could not be reached, 6 not found.\n");
	return cli_finish();
}

static const cli_command *find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* The place of the command's name: global options may stand before it. */
static int command_at(int argc, char **argv)
{
	static const char *const valued[] = { "-c", "--config", "--log-level", "--log-format" };
	int i = 1;

	while (i < argc && argv[i][0] == '-' && argv[i][1]) {
		size_t k = 0;

		while (k < 4 && strcmp(argv[i], valued[k]) != 0)
			k++;
		i += k < 4 ? 2 : 1;
	}
	return i < argc ? i : argc;
}

static int wrong_command(const char *name)
{
	agentrun_error *err = NULL;

	if (name)
		agentrun_error_raise(&err, AGENTRUN_EINVAL,
			"unknown command \"%.60s\" (see agentrun --help)", name);
	else
		agentrun_error_raise(&err, AGENTRUN_EINVAL,
			"a command is missing (see agentrun --help)");
	return cli_fail(err);
}

static int without_command(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--version") == 0) {
			printf("agentrun %s\n", agentrun_version());
			return cli_finish();
		}
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return help();
	}
	return wrong_command(NULL);
}

int main(int argc, char **argv)
{
	cli_global global = { .config = NULL };
	const cli_command *command;
	int at, status;

	signal(SIGPIPE, SIG_IGN);
	at = command_at(argc, argv);
	if (at == argc)
		return without_command(argc, argv);
	if (strcmp(argv[at], "help") == 0 && at + 1 == argc)
		return help();
	command = find(argv[at]);
	if (!command)
		return wrong_command(argv[at]);
	/* The name moves to the front; what stood before it is read behind it. */
	memmove(argv + 2, argv + 1, (size_t)(at - 1) * sizeof(char *));
	status = command->run(&global, command, argc - 1, argv + 1);
	cli_close(&global);
	return status;
}
