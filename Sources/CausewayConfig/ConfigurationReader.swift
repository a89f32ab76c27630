import CausewayBytes
import CausewayCrypto
import CausewayWire

/// Reads the root of a file into a `Configuration`, section by section, and then checks what no section can see alone.
///
/// Goes on after an error, so that one run finds all of them. What the checks across sections compare is noted while
/// the sections are read, also where the listener or exit that it belongs to could not be made.
final class ConfigurationReader {
    let findings: Findings
    let files: FileReader
    /// Where paths that are not absolute begin.
    let directory: String
    /// Loops where the file says nothing.
    let processors: Int

    var listeners: [Configuration.Listener] = []
    var exits: [Configuration.Exit] = []
    var users: [Configuration.User] = []

    // What was noted for the checks across sections, in the order of the file.
    var listenerNames = UniqueNames(kind: "listener")
    var exitNames = UniqueNames(kind: "exit")
    var userNames = UniqueNames(kind: "user")
    /// What each exit is, by name.
    var notedExits: [String: NotedExit] = [:]
    /// Exits that listeners and next hops name.
    var exitReferences: [(name: String, place: Place)] = []
    /// Those of them that have to have keys.
    var keyedReferences: [(name: String, place: Place)] = []
    /// Those of them that relays name.
    var relayReferences: [(name: String, place: Place)] = []
    /// Exits that groups name.
    var memberReferences: [(name: String, place: Place)] = []
    /// One per listener that the file has.
    var routes: [ListenerRoute] = []
    var listenPoints: [ListenPoint] = []
    var adminPoint: (address: SocketAddress, place: Place)?
    var nextHops: [NextHop] = []
    var listenerKeys: [(key: Secret, name: String, place: Place)] = []
    var nextKeys: [(key: Secret, name: String, place: Place)] = []
    var userKeys: [(key: Secret, name: String, place: Place)] = []
    var userDemands: [UserDemand] = []
    /// Whether users are written down, right or wrong.
    var hasUsers = false
    /// Whether users can come from a ledger, too.
    var hasLedger = false

    init(findings: Findings, files: FileReader, directory: String, processors: Int) {
        self.findings = findings
        self.files = files
        self.directory = directory
        self.processors = processors
    }

    /// The configuration, unless there were errors.
    func read(_ root: Field) -> Configuration? {
        guard let fields = root.fields() else { return nil }
        fields.check(
            known: [
                "listeners", "exits", "users", "loops", "dns", "log", "limits", "drain", "handover", "admin", "ledger",
            ]
        )
        self.readListeners(fields)
        self.readExits(fields)
        self.readUsers(fields)
        let loops = fields.value("loops", default: min(max(self.processors, 1), Configuration.maximumLoops)) {
            $0.number(in: 1...Configuration.maximumLoops)
        }
        let dns = self.dns(fields)
        let log = self.log(fields)
        let limits = self.limits(fields)
        let drain = fields.value("drain", default: Configuration.defaultDrain) { $0.interval() }
        let handover = fields.value("handover", default: Configuration.defaultHandover) { $0.interval() }
        let admin = self.admin(fields)
        let ledger = self.ledger(fields)
        self.hasLedger = fields["ledger"] != nil
        self.checkAcross()
        guard !self.findings.hasErrors, let loops, let dns, let log, let limits, let drain, let handover, let admin,
            let ledger
        else {
            return nil
        }
        return Configuration(
            listeners: self.listeners,
            exits: self.exits,
            users: self.users,
            loops: loops,
            dns: dns,
            log: log,
            limits: limits,
            drain: drain,
            handover: handover,
            admin: admin,
            ledger: ledger,
            warnings: self.findings.diagnostics
        )
    }

    /// The mappings of a list that has to be there with one at least.
    func mappings(_ key: String, of fields: Fields) -> [Fields] {
        guard let field = fields.required(key), let items = field.items() else { return [] }
        if items.isEmpty { self.findings.error(at: field.place, "needs one at least") }
        return items.compactMap { $0.fields() }
    }

    /// The method that `fields` name, which is the default one where they name none.
    func method(_ fields: Fields) -> Method? {
        fields.value("method", default: .standard) { $0.choice(Method.self) }
    }
}

/// Names of one kind of thing, none of which may come twice.
struct UniqueNames {
    /// Bytes of a name of a listener or exit.
    static let maximumCount = 64

    let kind: String
    private(set) var all: [String] = []
    private var places: [String: Place] = [:]

    init(kind: String) {
        self.kind = kind
    }

    func contains(_ name: String) -> Bool { self.places[name] != nil }

    /// The name that `field` has. Noted also when it is the second of its kind, which is a finding.
    mutating func read(_ field: Field?) -> String? {
        let wanted = "1 to \(Self.maximumCount) bytes of printable text, without a colon or spaces at its ends"
        guard let field, let name = field.parsed(wanted, { Self.isName($0) ? $0 : nil }) else { return nil }
        if let first = self.places[name] {
            let line = first.line.map { " (line \($0))" } ?? ""
            field.findings.error(at: field.place, "there is another \(self.kind) \"\(name)\"\(line)")
        } else {
            self.places[name] = field.place
            self.all.append(name)
        }
        return name
    }

    /// Whether `text` can be a name. A colon would end a user's name in HTTP (RFC 7617), and is nothing to miss in
    /// others.
    static func isName(_ text: String) -> Bool {
        guard (1...self.maximumCount).contains(text.utf8.count), text.first != " ", text.last != " " else {
            return false
        }
        return text.unicodeScalars.allSatisfy { $0 != ":" && $0.isPrintable }
    }
}
