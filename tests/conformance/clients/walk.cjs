// The JavaScript client of SMART on FHIR walks through its documented calls; prints what each gave, as one JSON object.
const smart = require("fhirclient");

const [serverUrl, key] = [process.env.DOOR, process.env.KEY];
const seen = {};

function client(patient) {
  const storage = { get: async () => null, set: async (_, value) => value, unset: async () => true };
  const tokenResponse = { access_token: key, token_type: "Bearer", patient };
  return smart({ url: "/", headers: {} }, {}, storage).client({ serverUrl, tokenResponse });
}

async function failure(call) {
  try {
    await call();
  } catch (error) {
    return { status: error.statusCode, text: String(error.message) };
  }
  return { status: 0, text: "" };
}

async function prepared(c) {
  const organization = await c.create({ resourceType: "Organization", name: "县人民医院" });
  const patient = await c.create({
    resourceType: "Patient",
    name: [{ family: "王", given: ["小明"] }],
    managingOrganization: { reference: `Organization/${organization.id}` },
  });
  for (let n = 0; n < 45; n++) {
    await c.create({
      resourceType: "Observation",
      status: "final",
      code: { coding: [{ system: "http://loinc.org", code: n % 3 ? "8302-2" : "29463-7" }] },
      subject: { reference: `Patient/${patient.id}` },
      performer: [{ reference: `Organization/${organization.id}` }],
      effectiveDateTime: `2026-01-${String(1 + (n % 28)).padStart(2, "0")}`,
      valueQuantity: { value: 100 + n, unit: "cm", system: "http://unitsofmeasure.org", code: "cm" },
    });
  }
  return { organization, patient };
}

async function writes(c, patient) {
  const path = `Patient/${patient.id}`;
  seen.created = [patient.meta.versionId, patient.name[0].family];
  const updated = await c.update({ ...patient, active: true });
  seen.updated = [updated.meta.versionId, updated.active];
  const patched = await c.patch(path, [{ op: "replace", path: "/active", value: false }]);
  seen.patched = [patched.meta.versionId, patched.active];
  const { response, body } = await c.request({ url: path, includeResponse: true });
  seen.response = [response.status, response.headers.get("etag"), body.id === patient.id];
  const stale = { url: path, method: "PUT", body: JSON.stringify(patient), headers: { "if-match": 'W/"1"', "content-type": "application/fhir+json" } };
  seen.stale = (await failure(() => c.request(stale))).status;
  const other = await c.create({ resourceType: "Patient", name: [{ text: "to go" }] });
  await c.delete(`Patient/${other.id}`);
  seen.gone = (await failure(() => c.request(`Patient/${other.id}`))).status;
}

async function reads(c, patient) {
  seen.release = [await c.getFhirVersion(), await c.getFhirRelease()];
  seen.patientRead = (await c.patient.read()).id === patient.id;
  const first = await c.patient.request("Observation");
  seen.firstPage = [first.type, first.entry.length, first.link.map((link) => link.relation)];
  seen.all = new Set((await c.patient.request("Observation", { pageLimit: 0, flat: true })).map((o) => o.id)).size;
  seen.twoPages = (await c.patient.request("Observation?_count=10", { pageLimit: 2, flat: true })).length;
  let pages = 0;
  await c.request(`Observation?_count=20&patient=${patient.id}`, { pageLimit: 0, onPage: () => pages++ });
  seen.onPage = pages;
  let limited = 0;
  for await (const _ of c.resources(`Observation?_count=7&patient=${patient.id}`, { limit: 30 })) limited++;
  seen.resources = limited;
  const sizes = [];
  for await (const page of c.pages(`Observation?_count=20&patient=${patient.id}`)) sizes.push(page.entry.length);
  seen.pages = sizes;
  const observations = await c.request(`Observation?_count=100&patient=${patient.id}`, { flat: true });
  seen.byCodes = ["8302-2", "29463-7"].map((code) => c.byCodes(observations, "code")(code).length);
  seen.everything = (await c.request(`Patient/${patient.id}/$everything`, { flat: true })).length;
}

async function references(c, patient) {
  const url = `Observation?_count=5&patient=${patient.id}`;
  const wanted = ["subject", "performer", "subject.managingOrganization"];
  const [mounted] = await c.request(url, { resolveReferences: wanted, graph: true, flat: true });
  seen.graph = [mounted.subject.resourceType, mounted.performer[0].name, mounted.subject.managingOrganization.name];
  const apart = await c.request(url, { resolveReferences: wanted, graph: false });
  seen.apart = Object.keys(apart.references).map((reference) => reference.split("/")[0]).sort();
}

async function refusals(c) {
  const stranger = new smart.FhirClient(serverUrl);
  seen.open = (await stranger.fhirRequest("metadata")).fhirVersion;
  seen.stranger = (await failure(() => stranger.fhirRequest("Patient"))).status;
  seen.absent = await failure(() => c.request("Patient/absent"));
  seen.invalid = await failure(() => c.create({ resourceType: "Patient", gender: "none" }));
}

(async () => {
  const { patient } = await prepared(client());
  const c = client(patient.id);
  await writes(c, patient);
  await reads(c, patient);
  await references(c, patient);
  await refusals(c);
  console.log(JSON.stringify(seen));
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
