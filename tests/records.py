"""Public records in their smallest form, each with the habit or the mistake that real ones have."""

from typing import Any

Json = dict[str, Any]


def row(version: str, end: str | None = None, *, status: str = "affected", **more: Any) -> Json:
    """Make a range of versions."""
    found: Json = {"version": version, "status": status, "versionType": "patch", **more}
    return found if end is None else {**found, "lessThan": end}


def product(*rows: Json, vendor: str = "NetScaler", name: str = "ADC", **more: Any) -> Json:
    """Make one product of a container."""
    return {"vendor": vendor, "product": name, "versions": list(rows), **more}


def container(*products: Json, by: str = "Citrix", **more: Any) -> Json:
    """Make what one party says."""
    return {"providerMetadata": {"shortName": by}, "affected": list(products), **more}


def cve_record(
    *products: Json, cve: str = "CVE-2099-1001", adp: tuple[Json, ...] = (), **more: Any
) -> Json:
    """Make a record of the CVE programme."""
    url = "https://support.example/article/CTX999999"
    cna = container(*products, descriptions=[{"lang": "en", "value": "A fault"}])
    return {
        "dataType": "CVE_RECORD",
        "dataVersion": "5.1",
        "cveMetadata": {
            "cveId": cve,
            "state": "PUBLISHED",
            "datePublished": "2099-01-02T03:04:05Z",
        },
        "containers": {"cna": {**cna, "references": [{"url": url}], **more}, "adp": list(adp)},
    }


def kev(day: str) -> Json:
    """Make CISA's container that lists a fault as exploited."""
    content = {"dateAdded": day, "reference": "https://www.cisa.example/kev"}
    return container(by="CISA-ADP", metrics=[{"other": {"type": "kev", "content": content}}])


BARE = cve_record(
    {"vendor": "n/a", "product": "n/a", "versions": [{"status": "affected", "version": "n/a"}]},
    cve="CVE-2019-19781",
)
FIXES_CALLED_AFFECTED = cve_record(
    product(
        row("Citrix ADC 13.0-58.30, 12.1-57.18, 12.0-63.21, 11.1-64.14 and 10.5-70.18"),
        vendor="n/a",
        name="Citrix ADC, Citrix Gateway, Citrix SDWAN WAN-OP",
    ),
    cve="CVE-2020-8193",
)
HALVES = cve_record(
    product(
        row("14.1", "8.50"),
        row("13.1", "49.15"),
        row("13.0", "92.19"),
        row("13.1-FIPS", "37.164"),
        row("12.1-FIPS", "55.300"),
        row("12.1-NDcPP", "55.300"),
        vendor="Citrix",
        name="NetScaler ADC",
        defaultStatus="unaffected",
    ),
    product(row("14.1", "8.50"), vendor="Citrix", name="NetScaler Gateway"),
    cve="CVE-2023-4966",
)
STRAY_BLANKS = cve_record(
    product(
        row("13.0 ", "92.21"),
        row(" 13.1-FIPS", " 37.176"),
        vendor="Cloud Software Group",
        name="NetScaler ADC\u202f",
    ),
    adp=(
        container(
            product(
                row("13.1", "13.1-37.176"),
                vendor="citrix",
                name="netscaler_application_delivery_controller",
                cpes=["cpe:2.3:a:citrix:netscaler_adc:13.1:*:*:*:fips:*:*:*"],
            ),
            by="CISA-ADP",
        ),
        kev("2024-01-17"),
    ),
    cve="CVE-2023-6548",
)
DISAGREEING = cve_record(
    product(row("14.1", "25.53"), row("13.0", "92.13"), vendor="NetSclaer", name="NetScaler ADC"),
    adp=(
        container(
            product(
                row("14.1", "14.1-25.53"),
                row("13.0", "13.0-92.31"),
                vendor="citrix",
                name="netscaler_gateway",
            ),
            by="CISA-ADP",
        ),
    ),
    cve="CVE-2024-5492",
)
OTHER_PRODUCTS = cve_record(
    product(row("14.1", "25.53"), vendor="NetScaler", name="Console"),
    product(row("14.1", "25.53"), vendor="NetScaler", name="Agent"),
    product(row("14.1", "25.53"), vendor="Citrix", name="NetScaler SDX (SVM)"),
    cve="CVE-2024-6236",
)
NO_FIPS_ROWS = cve_record(
    product(row("14.1", "43.56"), row("13.1", "58.32"), defaultStatus="unaffected"),
    product(row("14.1", "43.56"), row("13.1", "58.32"), name="Gateway"),
    cve="CVE-2025-5777",
)
BOTH_EDITIONS_IN_WORDS = cve_record(
    product(
        row("14.1", "47.46"),
        row("13.1", "59.19"),
        row("13.1 FIPS and NDcPP", "37.236"),
        defaultStatus="unaffected",
    ),
    cve="CVE-2025-6543",
)
BOTH_EDITIONS_IN_WORDS_TOO = cve_record(
    product(
        row("14.1", "47.48"),
        row("13.1", "59.22"),
        row("13.1 FIPS and NDcPP", "37.241"),
        row("12.1 FIPS and NDcPP", "55.330"),
    ),
    cve="CVE-2025-7775",
)
SWALLOWING = cve_record(
    product(
        row("0", "14.1-73.37"),
        row("0", "13.1-64.23"),
        row("0", "14.1-73.37 FIPS"),
        row("0", "13.1.37.279 FIPS and NDcPP"),
    ),
    cve="CVE-2026-88771",
)


def csaf(
    *vulnerabilities: Json, tree: tuple[Json, ...], version: str = "2.0", status: str = "final"
) -> Json:
    """Make a CSAF document."""
    return {
        "document": {
            "category": "csaf_security_advisory",
            "csaf_version": version,
            "title": "Fault in NetScaler",
            "publisher": {"category": "coordinator", "name": "A CERT", "namespace": "https://x"},
            "tracking": {
                "id": "CERT-2099-7",
                "status": status,
                "version": "1",
                "initial_release_date": "2099-01-03T00:00:00Z",
                "current_release_date": "2099-01-04T00:00:00Z",
            },
        },
        "product_tree": {"branches": list(tree)},
        "vulnerabilities": list(vulnerabilities),
    }


def vulnerability(cve: str = "CVE-2099-1001", **status: list[str]) -> Json:
    """Make what a document says of one CVE."""
    return {"cve": cve, "product_status": status}


def tree(vendor: str, name: str, **versions: str) -> Json:
    """Make a vendor with one product; versions by id, those with a sign are ranges."""
    leaves = [
        {
            "category": "product_version_range"
            if any(sign in text for sign in "<>*:")
            else "product_version",
            "name": text,
            "product": {"name": f"{vendor} {name} {text}", "product_id": product_id},
        }
        for product_id, text in versions.items()
    ]
    inner = {"category": "product_name", "name": name, "branches": leaves}
    return {"category": "vendor", "name": vendor, "branches": [inner]}
