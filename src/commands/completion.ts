/** `pgvip completion`: a script that lets a shell complete what is typed, made from the definitions of the commands. */
import { Argument } from "commander";
import type { CommandOutline } from "../outline/outline.js";
import type { AddCommand } from "./context.js";

/** Loaded when they are wanted. */
const SHELLS = {
  bash: async () => (await import("../outline/bash.js")).bashCompletion,
  zsh: async () => (await import("../outline/zsh.js")).zshCompletion,
  fish: async () => (await import("../outline/fish.js")).fishCompletion,
} as const satisfies Readonly<Record<string, () => Promise<(program: CommandOutline) => string>>>;

export const addCompletion: AddCommand = (program, { terminal }) => {
  program
    .command("completion")
    .description("print a script for completion in a shell")
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(SHELLS)))
    .addHelpText("after", HELP)
    .action(async (shell: keyof typeof SHELLS) => {
      const { outlineOf } = await import("../outline/outline.js");
      const complete = await SHELLS[shell]();
      terminal.out(complete(outlineOf(program)));
    });
};

const HELP = `
For this shell:    source <(pgvip completion bash)
For all of them:   pgvip completion bash > /usr/share/bash-completion/completions/pgvip
                   pgvip completion zsh > /usr/share/zsh/vendor-completions/_pgvip
                   pgvip completion fish > /usr/share/fish/vendor_completions.d/pgvip.fish`;
