/** `pgvip completion`: a script that lets a shell complete what is typed, made from the definitions of the commands. */
import { Argument } from "commander";
import { bashCompletion } from "../outline/bash.js";
import { fishCompletion } from "../outline/fish.js";
import { type CommandOutline, outlineOf } from "../outline/outline.js";
import { zshCompletion } from "../outline/zsh.js";
import type { AddCommand } from "./context.js";

const SHELLS = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
} as const satisfies Readonly<Record<string, (program: CommandOutline) => string>>;

export const addCompletion: AddCommand = (program, { terminal }) => {
  program
    .command("completion")
    .description("print a script for completion in a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(SHELLS)))
    .addHelpText("after", HELP)
    .action((shell: keyof typeof SHELLS) => {
      terminal.out(SHELLS[shell](outlineOf(program)));
    });
};

const HELP = `
For this shell:    source <(pgvip completion bash)
For all of them:   pgvip completion bash > /usr/share/bash-completion/completions/pgvip
                   pgvip completion zsh > /usr/share/zsh/vendor-completions/_pgvip
                   pgvip completion fish > /usr/share/fish/vendor_completions.d/pgvip.fish`;
