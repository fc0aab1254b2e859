// The jose library wants WebCrypto as a global, which Node has by itself only since
// version 19; Debian 12 brings 18. Imported before jose.
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;
