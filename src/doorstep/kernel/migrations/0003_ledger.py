"""The FHIR ledger: a table a resource type for what holds now, one append-only table for the versions before."""

from __future__ import annotations

from django.db import migrations

TYPES = """
    Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic
    Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry
    ChargeItem ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication
    CommunicationRequest CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage
    CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric
    DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis
    Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence
    EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal GraphDefinition Group
    GuidanceResponse HealthcareService ImagingStudy Immunization ImmunizationEvaluation
    ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List Location Measure
    MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge
    MedicationRequest MedicationStatement MedicinalProduct MedicinalProductAuthorization
    MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient
    MedicinalProductInteraction MedicinalProductManufactured MedicinalProductPackaged
    MedicinalProductPharmaceutical MedicinalProductUndesirableEffect MessageDefinition MessageHeader
    MolecularSequence NamingSystem NutritionOrder Observation ObservationDefinition OperationDefinition
    OperationOutcome Organization OrganizationAffiliation Parameters Patient PaymentNotice PaymentReconciliation
    Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse
    RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition ResearchStudy ResearchSubject
    RiskAssessment RiskEvidenceSynthesis Schedule SearchParameter ServiceRequest Slot Specimen
    SpecimenDefinition StructureDefinition StructureMap Subscription Substance
    SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial
    SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities TestReport TestScript
    ValueSet VerificationResult VisionPrescription
"""
HOT = ("Observation", "Condition", "MedicationRequest")

CURRENT = """
CREATE TABLE fhir_{name} (
  id text COLLATE "C" PRIMARY KEY,
  version integer NOT NULL,
  updated timestamptz NOT NULL,
  source uuid NOT NULL,
  message bigint,
  patient text COLLATE "C",
  at timestamptz,
  at_end timestamptz,
  deleted boolean NOT NULL,
  digest bytea NOT NULL,
  tok bigint[] NOT NULL,
  body text NOT NULL
) WITH (toast_tuple_target = 8160);
ALTER TABLE fhir_{name} ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX fhir_{name}_patient ON fhir_{name} (patient, at DESC, id) WHERE patient IS NOT NULL;
CREATE INDEX fhir_{name}_tok ON fhir_{name} USING gin (tok) WITH (fastupdate = off);
"""
NARROW = """
CREATE TABLE fhir_{name}_code (
  code bigint NOT NULL, patient text COLLATE "C", at timestamptz, id text COLLATE "C" NOT NULL
);
CREATE INDEX fhir_{name}_code_patient ON fhir_{name}_code (patient, code, at DESC, id);
CREATE INDEX fhir_{name}_code_code ON fhir_{name}_code (code, at DESC, id);
"""
PAST = """
CREATE TABLE fhir_past (
  type text NOT NULL, id text COLLATE "C" NOT NULL, version integer NOT NULL, updated timestamptz NOT NULL,
  source uuid NOT NULL, message bigint, deleted boolean NOT NULL, digest bytea NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (type, id, version)
);
ALTER TABLE fhir_past ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE TRIGGER fhir_past_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fhir_past
  FOR EACH STATEMENT EXECUTE FUNCTION doorstep_append_only();
"""


def statements() -> str:
    """All tables of the ledger in one script."""
    current = [CURRENT.format(name=t.lower()) for t in TYPES.split()]
    narrow = [NARROW.format(name=t.lower()) for t in HOT]
    return "\n".join([*current, *narrow, PAST])


class Migration(migrations.Migration):
    dependencies = (("kernel", "0002_append_only"),)
    operations = (migrations.RunSQL(statements(), migrations.RunSQL.noop),)
