/* SPDX-License-Identifier: LicenseRef-agentrun-internal */
/*
 * cli - the command line: arguments in, text out, nothing else. It stands on the
 * installed headers alone.
 *
 *     main.c     the table of commands, global options, help
 *     options.c  one option table a command -> getopt_long and --help
 *     job.c      a job message from a prompt and files
 *     io.c       files, stdin, stdout, complaints
 *     progress.c the line that moves while a model is waited for
 *     open.c     context and queue as the configuration says; loads libraries
 *     stores.c   the store, likewise
 *     cmd_*.c    a command each
 */
#ifndef CLI_H
#define CLI_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>

#include <agentrun/agentrun.h>
#include <agentrun/sys/error.h>

enum {
	EXIT_USAGE = 2,
	EXIT_CLOSED_PIPE = 141
};

/* Where an option's value goes. */
typedef enum cli_kind {
	CLI_TEXT, /* const char * */
	CLI_FLAG, /* bool */
	CLI_SIZE  /* size_t */
} cli_kind;

typedef struct cli_option {
	const char *name;  /* without the dashes */
	char letter;       /* 0: none */
	cli_kind kind;
	const char *value; /* the value's name in help; NULL for a flag */
	const char *help;
	void *to;
} cli_option;

/* What holds for every command. */
typedef struct cli_global {
	const char *config;     /* NULL: $AGENTRUN_CONFIG, ./config.yaml, defaults */
	const char *log_level;  /* NULL: the configuration's */
	const char *log_format;
	const char *output;     /* NULL: by what stdout is */
	agentrun_config *settings;
	agentrun_ctx *ctx;
	bool log_json;
} cli_global;

typedef struct cli_command {
	const char *name;
	const char *arguments; /* "PIPELINE [--input F]" */
	const char *summary;   /* one line */
	void (*list)(void);    /* NULL, or prints what comes before the help */
	const char *help;      /* more of it, examples last */
	/* Reads its options with cli_options_read(); returns the exit status. */
	int (*run)(cli_global *global, const struct cli_command *self, int argc,
		char **argv);
} cli_command;

extern const cli_command cli_classify, cli_plan, cli_exec, cli_patch, cli_run, cli_store,
	cli_submit, cli_result, cli_cancel, cli_queue, cli_worker;

/* ---- options.c ---------------------------------------------------------- */

/* Read a command's options (`own`, ended by a NULL name) and the global ones.
 * What is left are the positional arguments, at least `least` and at most `most`:
 * argv[0..*n-1] on return. Returns -1 to go on, or the exit status (help was
 * printed, or the usage is wrong). */
int cli_options_read(cli_global *global, const cli_command *command,
	const cli_option *own, int argc, char **argv, int least, int most, int *n);
/* "agentrun COMMAND: message; see --help"; returns EXIT_USAGE. */
int cli_usage(const cli_command *command, const char *fmt, ...)
	AGENTRUN_PRINTF(2, 3);
/* Seconds as the library counts how long to wait; SIZE_MAX: for ever. */
int cli_timeout_ms(size_t seconds);

/* ---- io.c --------------------------------------------------------------- */

/* Read a file, or stdin for "-". `limit` 0: none. */
int cli_read(agentrun_buf *out, const char *path, agentrun_error **err);

/* The same piece by piece: an agentrun_read_fn whose `user` is an open cli_source. */
typedef struct cli_source {
	const char *path;
	int fd;
} cli_source;

int cli_source_open(cli_source *source, const char *path, agentrun_error **err);
int cli_source_read(void *user, char *to, size_t cap, size_t *len, agentrun_error **err);
void cli_source_close(cli_source *source);
/* What messages call the file: "stdin" for "-". */
const char *cli_name_of(const char *path);
/* Replace a file's content as a whole or not at all. */
int cli_replace(const char *path, const char *data, size_t len,
	agentrun_error **err);
/* Write to stdout; a closed pipe ends the process quietly. Returns the exit
 * status so far: 0, or 1 after a complaint. */
int cli_write(const char *data, size_t len);
/* The same, with a newline behind, and flushed. */
int cli_write_line(const char *data, size_t len);
/* Print text from outside for a person: control characters but line ends and tabs as
 * \xNN, so that none moves the terminal. */
void cli_print_text(FILE *out, const char *text);
/* Flush stdout and see that all of it was taken. */
int cli_finish(void);
/* Print the error in one line, and return its exit status. */
int cli_complain(const agentrun_error *err);
/* Print the error in one line, free it, and return its exit status. */
int cli_fail(agentrun_error *err);
bool cli_is_terminal(void);
/* Terminal, and nobody asked for no colours. */
bool cli_has_colour(void);

/* ---- job.c -------------------------------------------------------------- */

/* What a job is made of: a file that holds all of it, or a prompt and files. */
typedef struct cli_job {
	const char *file;                       /* --job */
	const char *workflow, *context, *input; /* or NULL */
} cli_job;

/* Are the options in keeping with `n` prompts? -1, or the exit status. */
int cli_job_check(const cli_command *self, const cli_job *o, int n);
/* The message of a prompt, without ids. */
int cli_job_message(cli_global *global, const cli_job *o, const char *prompt,
	agentrun_buf *out, agentrun_error **err);

/* ---- progress.c ---------------------------------------------------------- */

typedef struct cli_progress {
	agentrun_engine *engine; /* NULL: one turn of a model is all there is */
	int64_t began_ms;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool running, stop, drawn;
} cli_progress;

/* Where stderr is a terminal: turn, tool, tokens and seconds of the engine's job of the
 * tag 0. The line is gone at the end. */
void cli_progress_begin(cli_progress *progress, agentrun_engine *engine);
void cli_progress_end(cli_progress *progress);

/* ---- open.c ------------------------------------------------------------- */

/* Read the configuration and make the context, once. */
int cli_open(cli_global *global, agentrun_error **err);
/* A line of the log, for the command's own; no text from outside. */
void cli_log(cli_global *global, int level, const char *subject, const char *fmt, ...)
	AGENTRUN_PRINTF(4, 5);
/* A public function of one of our libraries, which stays loaded. NULL: it cannot be. */
void *cli_load_function(const char *library, const char *symbol, agentrun_error **err);
/* The queue that other processes see: the one in Redis. */
/* The HTTP endpoints of a worker, once they are open. */
typedef struct cli_endpoints {
	struct agentrun_http_server *server; /* NULL: none */
	void (*close)(struct agentrun_http_server *server);
	int port;
} cli_endpoints;

int cli_endpoints_open(cli_global *global, agentrun_worker *worker,
	cli_endpoints *endpoints, agentrun_error **err);
void cli_endpoints_close(cli_endpoints *endpoints);
/* Let Redis count the limits, where it is configured, or (by_itself) where nothing is. */
int cli_share_limits(cli_global *global, bool by_itself, agentrun_error **err);
int cli_open_queue(cli_global *global, agentrun_queue **out, agentrun_error **err);
void cli_close(cli_global *global);

/* ---- stores.c ----------------------------------------------------------- */

int cli_open_store(cli_global *global, agentrun_store **out, agentrun_error **err);

/* What a file holds. */
typedef enum cli_shape {
	CLI_ROWS,   /* rows in any input format */
	CLI_OBJECT, /* one JSON object */
	CLI_JSON    /* any JSON value */
} cli_shape;

/* Read a file, or stdin for "-", as one JSON value, so that what is wrong in it
 * is told with its name, line and column. */
int cli_read_value(cli_global *global, agentrun_buf *out, const char *path,
	cli_shape shape, agentrun_error **err);

/* The format that --output names, else `terminal` on a terminal and JSON
 * elsewhere. -1 after a complaint. */
int cli_output_format(const cli_global *global, const cli_command *command,
	int terminal);
/* Print rows as --output says. Returns the exit status. */
int cli_write_rows(cli_global *global, const cli_command *command, const char *json,
	size_t len);

#endif
