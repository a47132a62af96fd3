/* A stand-in for an appliance's command line: it costs next to nothing, so that clients can be
 * compared. Answers lie as files in ANSWERS, named by their command with `_` for each blank.
 *
 * Without a command in SSH_ORIGINAL_COMMAND it is interactive: a prompt, until `exit` or the end.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE 1024

/* Only plain words name a file; anything else is not a command that is known here. */
static FILE *opened(const char *line) {
  char path[sizeof ANSWERS + LINE + 2];
  size_t at = sprintf(path, "%s/", ANSWERS);
  for (; *line; line++) {
    if (!isalnum((unsigned char)*line) && !strchr(" -_", *line)) return NULL;
    path[at++] = *line == ' ' ? '_' : *line;
  }
  path[at] = 0;
  return fopen(path, "r");
}

static int answer(const char *line) {
  char part[4096];
  size_t length;
  FILE *file = opened(line);
  if (!file) {
    puts("ERROR: No such command");
    return 1;
  }
  while ((length = fread(part, 1, sizeof part, file)) > 0) fwrite(part, 1, length, stdout);
  fclose(file);
  puts(" Done");
  return 0;
}

int main(void) {
  static char line[LINE], buffer[65536];
  const char *asked = getenv("SSH_ORIGINAL_COMMAND");
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  puts(" Done");
  if (asked) return answer(asked);
  for (;;) {
    fputs("> ", stdout);
    fflush(stdout);
    if (!fgets(line, sizeof line, stdin)) return 0;
    line[strcspn(line, "\r\n")] = 0;
    if (!strcmp(line, "exit")) {
      puts("Bye!");
      return 0;
    }
    if (*line) answer(line);
  }
}
