/** Files that are imported `with { type: "text" }`, and are in the executable as such. */
declare module "*.css" {
  const text: string;
  export default text;
}
declare module "*.client.js" {
  const text: string;
  export default text;
}
