/** keepalived with the configuration of the article, word for word. */
import { ArticleKeepalived } from "../../lab/keepalived.js";
import { everywhere, type System } from "./system.js";

export const keepalivedArticle: System = {
  name: "keepalived-article",
  about: "keepalived, VRRP 2, 1 s adverts, two VRIDs, curl each second: the article's configuration, verbatim",
  usesVip: true,
  advertEveryMs: 1000,
  arenas: everywhere,
  create: () => new ArticleKeepalived(),
};
