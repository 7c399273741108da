export { fuzzyMatches } from "./fuzzy-match.ts";
export {
  type Binding,
  type CapabilitiesBody,
  parseAgentHeartbeatBody,
  parseCapabilitiesBody,
  parseHealthReportBody,
  parseHeartbeatBody,
  parseLegacyRegistrationBody,
  parseRegistrationBody,
} from "./go-binding.ts";
export { goQuote } from "./go-quote.ts";
export { type HeartbeatRequest, MAX_STATUS_LENGTH } from "./heartbeat.ts";
export { isJsonObject, type JsonText, MAX_JSON_DEPTH, parseJsonText, type UnknownObject } from "./json-text.ts";
export {
  type LabelSelector,
  type LabelSelectorGrammar,
  matchesLabels,
  type ParsedLabelSelector,
  parseLabelSelector,
  printLabelSelector,
  type Requirement,
} from "./label-selector.ts";
export { CAPABILITY_NAME_PATTERN, NAME_PATTERN, normalizeForCheck, normalizeName } from "./names.ts";
export { type ParsedBooleanParameter, parseBooleanParameter, parseListParameter } from "./query.ts";
export { REGISTRATION_LIMITS, type RegistrationRequest } from "./registration.ts";
export { type ErrorCode, fail, HTTP_ERRORS, ok, type RegistryError, type Result } from "./result.ts";
export { printableText, storableText } from "./safe-text.ts";
export {
  compareVersions,
  isSemVer,
  parseVersionConstraint,
  satisfies,
  type VersionConstraint,
} from "./version-constraint.ts";
