import CLinux

extension Configuration {
    /// Reads and checks the configuration in the file at `path`, and the key files that it names.
    ///
    /// Throws everything that is wrong with it, not only what comes first.
    public static func load(path: String) throws(ConfigurationError) -> Configuration {
        let findings = Findings(file: path)
        let whole = Place(path: "", line: nil)
        switch FileReader.system.read(path, YAMLDocument.maximumCount) {
        case .failure(let error):
            findings.error(at: whole, "cannot be read: \(error.reason)")
            throw ConfigurationError(diagnostics: findings.diagnostics)
        case .success(let file):
            guard let text = String(validating: file.bytes, as: UTF8.self) else {
                findings.error(at: whole, "is not UTF-8")
                throw ConfigurationError(diagnostics: findings.diagnostics)
            }
            return try self.parse(
                text,
                findings: findings,
                files: .system,
                directory: path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "",
                processors: Int(CLinux_processor_count())
            )
        }
    }

    /// Reads and checks the configuration in `text`. `file` is what findings call it; `directory` is where the paths
    /// of key files begin; `processors` is the number of loops where the text says nothing.
    static func parse(
        _ text: String,
        file: String = "test.yaml",
        files: FileReader,
        directory: String = "",
        processors: Int = 2
    ) throws(ConfigurationError) -> Configuration {
        try self.parse(
            text,
            findings: Findings(file: file),
            files: files,
            directory: directory,
            processors: processors
        )
    }

    private static func parse(
        _ text: String,
        findings: Findings,
        files: FileReader,
        directory: String,
        processors: Int
    ) throws(ConfigurationError) -> Configuration {
        if let root = YAMLDocument.root(of: text, findings: findings) {
            let field = Field(node: root, place: Place(path: "", line: nil), findings: findings)
            let reader = ConfigurationReader(
                findings: findings,
                files: files,
                directory: directory,
                processors: processors
            )
            if let configuration = reader.read(field) { return configuration }
        }
        throw ConfigurationError(diagnostics: findings.diagnostics)
    }
}
