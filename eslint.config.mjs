// ESLint: what the compiler does not see. Format is prettier's business, layers are tools/lint/layers.mjs's.
import tseslint from "typescript-eslint";

const noDefaultExport = { selector: "ExportDefaultDeclaration", message: "Export by name." };

export default tseslint.config(
    { ignores: ["build/", "node_modules/", "ts-api/native.d.ts", "**/*.js"] },
    ...tseslint.configs.strict,
    {
        rules: {
            eqeqeq: "error",
            "prefer-const": "error",
            "no-var": "error",
            "object-shorthand": "error",
            curly: "error",
            "@typescript-eslint/no-unused-vars": [
                "error",
                { argsIgnorePattern: "^_", varsIgnorePattern: "^_" },
            ],
            "no-restricted-syntax": ["error", noDefaultExport],
            // With noUncheckedIndexedAccess, `!` is how an index that was just checked is written.
            "@typescript-eslint/no-non-null-assertion": "off",
            "@typescript-eslint/no-dynamic-delete": "off",
        },
    },
    { files: ["eslint.config.mjs"], rules: { "no-restricted-syntax": "off" } },
    {
        files: ["**/*.ts"],
        languageOptions: { parserOptions: { projectService: true } },
        rules: {
            "@typescript-eslint/explicit-module-boundary-types": "error",
            "@typescript-eslint/no-floating-promises": "error",
            "@typescript-eslint/no-misused-promises": "error",
            "@typescript-eslint/await-thenable": "error",
            "@typescript-eslint/switch-exhaustiveness-check": [
                "error",
                { considerDefaultExhaustiveForUnions: true },
            ],
            "@typescript-eslint/only-throw-error": "error",
            "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
        },
    },
    {
        // Ambient declarations are written the way TypeScript's own library is.
        files: ["**/*.d.ts"],
        rules: {
            "no-var": "off",
            "@typescript-eslint/no-explicit-any": "off",
            "@typescript-eslint/triple-slash-reference": "off",
            "@typescript-eslint/unified-signatures": "off",
            "@typescript-eslint/no-invalid-void-type": "off",
        },
    },
    {
        // Tests throw odd things and pass wrong arguments on purpose.
        files: ["tests/**"],
        rules: {
            "@typescript-eslint/only-throw-error": "off",
            "@typescript-eslint/no-extraneous-class": "off",
            "@typescript-eslint/no-this-alias": "off",
            "prefer-rest-params": "off",
            "@typescript-eslint/no-explicit-any": "off",
        },
    },
);
