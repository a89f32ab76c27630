import CausewayBytes
import CausewayCore
import CausewayCrypto
import Yams

extension RebootGuardConfiguration {
    /// Reads and checks the configuration in the file at `path`.
    ///
    /// - Parameter hostName: what the machine is called where the file does not say.
    /// - Throws: everything that is wrong with it, not only what comes first.
    public static func load(path: String, hostName: String) throws(ConfigurationError) -> RebootGuardConfiguration {
        try self.parse(
            FileReader.system.read(path, YAMLDocument.maximumCount),
            file: path,
            files: .system,
            directory: path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "",
            hostName: hostName
        )
    }

    static func parse(
        _ found: Result<FoundFile, FileError>,
        file: String,
        files: FileReader,
        directory: String = "",
        hostName: String = "host"
    ) throws(ConfigurationError) -> RebootGuardConfiguration {
        let findings = Findings(file: file)
        let whole = Place(path: "", line: nil)
        switch found {
        case .failure(let error): findings.error(at: whole, "cannot be read: \(error.reason)")
        case .success(let file):
            if let text = String(validating: file.bytes, as: UTF8.self) {
                if let root = YAMLDocument.root(of: text, findings: findings) {
                    let reader = RebootGuardReader(files: files, directory: directory, hostName: hostName)
                    let read = reader.read(Field(node: root, place: whole, findings: findings))
                    if let read, !findings.hasErrors { return read }
                }
            } else {
                findings.error(at: whole, "is not UTF-8")
            }
        }
        throw ConfigurationError(diagnostics: findings.diagnostics)
    }
}

/// Reads the file of a reboot guard.
struct RebootGuardReader {
    let files: FileReader
    /// Where paths that are not absolute begin.
    let directory: String
    /// The name where the file has none.
    let hostName: String

    private static let defaults = (
        required: "/run/reboot-required", state: "/var/lib/causeway-reboot-guard", reboot: ["systemctl", "reboot"],
        timeout: Interval.seconds(60)
    )

    func read(_ root: Field) -> RebootGuardConfiguration? {
        let fields = root.fields(
            "name",
            "required",
            "required_command",
            "every",
            "lock",
            "window",
            "health",
            "drain",
            "reboot",
            "resume",
            "state"
        )
        guard let fields else { return nil }
        let name = fields.value("name", default: self.hostName) { self.name($0) }
        if let name, fields["name"] == nil, !Self.isName(name) {
            root.findings.error(at: root.place, "needs \"name\": the host's own is none that a lock takes")
        }
        let wanted = self.wanted(fields)
        let every = fields.value("every", default: .seconds(60)) { $0.interval() }
        let lock = fields.required("lock").flatMap { self.lock($0) }
        let window = fields.optional("window") { self.window($0) }
        let health = fields.optional("health") { self.command($0) }
        let drain = fields.value("drain", default: .init(sockets: [], deadline: .seconds(600))) { self.drain($0) }
        let reboot = fields.value("reboot", default: .init(words: Self.defaults.reboot, timeout: Self.defaults.timeout))
        {
            self.command($0)
        }
        let resume = fields.optional("resume") { self.command($0) }
        let state = fields.value("state", default: Self.defaults.state) { self.path($0) }
        guard let name, let wanted, let every, let lock, let window, let health, let drain, let reboot, let resume,
            let state
        else { return nil }
        return RebootGuardConfiguration(
            name: name,
            wanted: wanted,
            every: every,
            lock: lock,
            window: window,
            health: health,
            drain: drain,
            reboot: reboot,
            resume: resume,
            state: state,
            warnings: root.findings.diagnostics
        )
    }

    private func wanted(_ fields: Fields) -> RebootGuardConfiguration.Wanted? {
        guard let field = fields["required_command"] else {
            return fields.value("required", default: .file(Self.defaults.required)) { self.path($0).map { .file($0) } }
        }
        if fields["required"] != nil { return field.fail("is there beside \"required\"; one of them is enough") }
        return self.command(field).map { .command($0) }
    }

    private func lock(_ field: Field) -> RebootGuardConfiguration.Lock? {
        guard let fields = field.fields("file", "url", "token") else { return nil }
        let token = fields.optional("token") { self.token($0) }
        switch (fields["file"], fields["url"]) {
        case (let file?, nil):
            if let token = fields["token"] { return token.fail("is for lock.url, and there is none") }
            return self.path(file).map { .file($0) }
        case (nil, let url?):
            let read = url.parsed("an http URL without a query, such as \"http://lock.example.net/causeway\"") { text in
                CheckURL(text).flatMap { $0.path.contains("?") ? nil : $0 }
            }
            guard let read, let token else { return nil }
            return .http(read, token: token)
        default: return field.fail("needs \"file\" or \"url\", one of them")
        }
    }

    private func token(_ field: Field) -> Secret? {
        guard let secret = field.secretText("token", directory: self.directory, files: self.files) else { return nil }
        guard !secret.text.isEmpty, secret.text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            return field.fail("\(secret.name) is not one word of ASCII")
        }
        return Secret(Array(secret.text.utf8))
    }

    private func window(_ field: Field) -> MaintenanceWindow? {
        guard let fields = field.fields("days", "from", "to", "zone") else { return nil }
        let days = fields.value("days", default: MaintenanceWindow.Day.allCases) { field in
            let days = field.listOrOne { $0.choice(MaintenanceWindow.Day.self) }
            return days?.isEmpty == true ? field.fail("needs one at least") : days
        }
        let from = fields.required("from").flatMap { self.time($0, below: MaintenanceWindow.day) }
        let to = fields.required("to").flatMap { self.time($0, below: MaintenanceWindow.day + 1) }
        var rules: TimeZoneRules? = .utc
        var zone = "UTC"
        if let field = fields["zone"] {
            rules = field.parsed("a time zone such as \"Europe/Berlin\"") { TimeZoneFile.zone($0) }
            zone = field.text() ?? zone
        }
        guard let days, let from, let to, let rules else { return nil }
        return MaintenanceWindow(days: Set(days), from: from, to: to, zone: zone, rules: rules)
    }

    private func time(_ field: Field, below end: Int) -> Int? {
        field.parsed("a time of the day such as \"02:30\", in quotes") { text in
            MaintenanceWindow.seconds(text).flatMap { $0 < end ? $0 : nil }
        }
    }

    private func drain(_ field: Field) -> RebootGuardConfiguration.Drain? {
        guard let fields = field.fields("sockets", "deadline") else { return nil }
        let sockets = fields.required("sockets")?.listOrOne { field in
            self.path(field).flatMap { path in
                path.utf8.count <= 107
                    ? path : field.fail("is longer than the 107 bytes that the path of a socket can have")
            }
        }
        let deadline = fields.value("deadline", default: .seconds(600)) { field in
            field.parsed("a length of time such as \"10 min\", from 1 s to 1 d") { text in
                Interval(text).flatMap { (.seconds(1) ... .seconds(86_400)).contains($0) ? $0 : nil }
            }
        }
        guard let sockets, let deadline else { return nil }
        return RebootGuardConfiguration.Drain(sockets: sockets, deadline: deadline)
    }

    /// Words, or `{ command: WORDS, timeout: TIME }`.
    private func command(_ field: Field) -> RebootGuardConfiguration.Command? {
        guard case .mapping = field.node else {
            return self.words(field).map { .init(words: $0, timeout: Self.defaults.timeout) }
        }
        guard let fields = field.fields("command", "timeout") else { return nil }
        let words = fields.required("command").flatMap { self.words($0) }
        let timeout = fields.value("timeout", default: Self.defaults.timeout) { $0.interval() }
        guard let words, let timeout else { return nil }
        return RebootGuardConfiguration.Command(words: words, timeout: timeout)
    }

    /// A program and its arguments. No shell reads them, so that nothing in them has a meaning of its own.
    private func words(_ field: Field) -> [String]? {
        guard case .sequence = field.node else {
            return field.fail("must be a list of the program and its arguments, such as [systemctl, reboot]")
        }
        guard let words = field.list({ $0.text() }) else { return nil }
        guard let program = words.first, !program.isEmpty, !words.contains(where: { $0.utf8.contains(0) }) else {
            return field.fail("names no program")
        }
        return words
    }

    private func name(_ field: Field) -> String? {
        field.parsed("1 to 64 letters, digits, dots, dashes and underscores") { Self.isName($0) ? $0 : nil }
    }

    /// What can be written into a lock's file and URL as it is.
    private static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                        || "._-".unicodeScalars.contains(scalar))
            }
    }

    private func path(_ field: Field) -> String? {
        guard let path = field.text() else { return nil }
        guard !path.isEmpty, !path.utf8.contains(0) else { return field.fail("is no path") }
        return path.hasPrefix("/") || self.directory.isEmpty ? path : "\(self.directory)/\(path)"
    }
}
