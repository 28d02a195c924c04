"""What the demo's clinicians write: diagnoses (ICD-10), measurements (LOINC), medicines (ATC), vaccines, with ranges.

Reference ranges are common adult ones of Chinese laboratories (assumed; every laboratory has its own). Vaccines and
ages follow the national schedule of 2026 (public-health.md §1.9).
"""

from __future__ import annotations

from typing import NamedTuple

DIAGNOSES = {
    "I10": "特发性（原发性）高血压", "E11.9": "2型糖尿病", "J44.9": "慢性阻塞性肺病", "I63.9": "脑梗死",
    "I69.3": "脑梗死后遗症", "I25.1": "动脉硬化性心脏病", "E78.5": "高脂血症", "K29.5": "慢性胃炎", "M17.9": "膝关节病",
    "M81.0": "绝经后骨质疏松", "H25.9": "老年性白内障", "N40": "前列腺增生", "G47.0": "失眠症", "F20.9": "精神分裂症",
    "J06.9": "急性上呼吸道感染", "J20.9": "急性支气管炎", "J03.9": "急性扁桃体炎", "A09.9": "胃肠炎和结肠炎",
    "L30.9": "皮炎", "M54.5": "下背痛", "K02.9": "龋（牙）", "J30.4": "变应性鼻炎", "N39.0": "泌尿道感染",
    "R51": "头痛", "J18.9": "肺炎", "I50.9": "心力衰竭", "K80.2": "胆囊结石不伴有胆囊炎", "S52.5": "桡骨下端骨折",
    "M51.2": "椎间盘移位，其他特指的", "I20.0": "不稳定型心绞痛", "K35.9": "急性阑尾炎", "O80.0": "头位顺产",
    "E04.1": "非毒性单个甲状腺结节", "N20.0": "肾结石", "J45.9": "哮喘", "Z00.0": "一般性医学检查",
}  # fmt: skip


class Measure(NamedTuple):
    """A measurement: LOINC code, name, UCUM code, unit as printed, limits (0 for none), decimals, vital sign or not."""

    code: str
    name: str
    ucum: str
    unit: str
    low: float
    high: float
    decimals: int
    vital: bool = False


MEASURES = {
    "pulse": Measure("8867-4", "心率", "/min", "次/分", 60, 100, 0, True),
    "weight": Measure("29463-7", "体重", "kg", "kg", 0, 0, 1, True),
    "height": Measure("8302-2", "身高", "cm", "cm", 0, 0, 1, True),
    "bmi": Measure("39156-5", "体质指数", "kg/m2", "kg/m²", 18.5, 23.9, 1, True),
    "waist": Measure("8280-0", "腰围", "cm", "cm", 0, 90, 0, True),
    "temperature": Measure("8310-5", "体温", "Cel", "℃", 36.0, 37.2, 1, True),
    "saturation": Measure("59408-5", "脉搏血氧饱和度", "%", "%", 95, 100, 0, True),
    "glucose": Measure("14771-0", "空腹血糖", "mmol/L", "mmol/L", 3.9, 6.1, 1),
    "hba1c": Measure("4548-4", "糖化血红蛋白", "%", "%", 4.0, 6.0, 1),
    "creatinine": Measure("14682-9", "血肌酐", "umol/L", "μmol/L", 44, 106, 0),
    "cholesterol": Measure("14647-2", "总胆固醇", "mmol/L", "mmol/L", 2.8, 5.2, 2),
    "ldl": Measure("22748-8", "低密度脂蛋白胆固醇", "mmol/L", "mmol/L", 0, 3.4, 2),
    "triglyceride": Measure("14927-8", "甘油三酯", "mmol/L", "mmol/L", 0.4, 1.7, 2),
    "haemoglobin": Measure("718-7", "血红蛋白", "g/L", "g/L", 115, 165, 0),
    "leucocytes": Measure("6690-2", "白细胞计数", "10*9/L", "10⁹/L", 3.5, 9.5, 1),
    "platelets": Measure("777-3", "血小板计数", "10*9/L", "10⁹/L", 125, 350, 0),
    "crp": Measure("1988-5", "C反应蛋白", "mg/L", "mg/L", 0, 8, 1),
    "alt": Measure("1742-6", "丙氨酸氨基转移酶", "U/L", "U/L", 7, 45, 0),
    "potassium": Measure("2823-3", "血钾", "mmol/L", "mmol/L", 3.5, 5.3, 2),
    "fev1": Measure("19926-5", "一秒率", "%", "%", 70, 100, 0),
}


class Medicine(NamedTuple):
    """A medicine: ATC code, name with strength, one dose and its unit, times a day, route."""

    atc: str
    name: str
    dose: float
    unit: str
    times: int
    route: str = "口服"


MEDICINES = {
    "amlodipine": Medicine("C08CA01", "苯磺酸氨氯地平片 5mg", 5, "mg", 1),
    "valsartan": Medicine("C09CA03", "缬沙坦胶囊 80mg", 80, "mg", 1),
    "indapamide": Medicine("C03BA11", "吲达帕胺缓释片 1.5mg", 1.5, "mg", 1),
    "metformin": Medicine("A10BA02", "盐酸二甲双胍片 0.5g", 0.5, "g", 2),
    "glimepiride": Medicine("A10BB12", "格列美脲片 2mg", 2, "mg", 1),
    "acarbose": Medicine("A10BF01", "阿卡波糖片 50mg", 50, "mg", 3),
    "glargine": Medicine("A10AE04", "甘精胰岛素注射液 300U", 14, "U", 1, "皮下注射"),
    "atorvastatin": Medicine("C10AA05", "阿托伐他汀钙片 20mg", 20, "mg", 1),
    "aspirin": Medicine("B01AC06", "阿司匹林肠溶片 100mg", 100, "mg", 1),
    "clopidogrel": Medicine("B01AC04", "硫酸氢氯吡格雷片 75mg", 75, "mg", 1),
    "metoprolol": Medicine("C07AB02", "琥珀酸美托洛尔缓释片 47.5mg", 47.5, "mg", 1),
    "tiotropium": Medicine("R03BB04", "噻托溴铵粉吸入剂 18μg", 18, "ug", 1, "吸入"),
    "salbutamol": Medicine("R03AC02", "硫酸沙丁胺醇气雾剂 100μg", 100, "ug", 2, "吸入"),
    "olanzapine": Medicine("N05AH03", "奥氮平片 10mg", 10, "mg", 1),
    "omeprazole": Medicine("A02BC01", "奥美拉唑肠溶胶囊 20mg", 20, "mg", 1),
    "amoxicillin": Medicine("J01CA04", "阿莫西林胶囊 0.5g", 0.5, "g", 3),
    "cefuroxime": Medicine("J01DC02", "注射用头孢呋辛钠 0.75g", 0.75, "g", 3, "静脉滴注"),
    "ibuprofen": Medicine("M01AE01", "布洛芬缓释胶囊 0.3g", 0.3, "g", 2),
    "ambroxol": Medicine("R05CB06", "盐酸氨溴索口服溶液 30mg", 30, "mg", 3),
    "loratadine": Medicine("R06AX13", "氯雷他定片 10mg", 10, "mg", 1),
    "furosemide": Medicine("C03CA01", "呋塞米片 20mg", 20, "mg", 1),
}


class Illness(NamedTuple):
    """A passing illness: diagnosis, how often among these, department of a hospital, medicine, whether with fever."""

    code: str
    weight: int
    department: str
    medicine: str
    fever: bool


class Admission(NamedTuple):
    """A cause of a stay: diagnosis, how often under 15, from 15 to 64, from 65 on, department, medicine."""

    code: str
    weights: tuple[int, int, int]
    department: str
    medicine: str


ACUTE = (
    Illness("J06.9", 34, "03.01", "ibuprofen", True),
    Illness("J20.9", 14, "03.01", "ambroxol", True),
    Illness("J03.9", 7, "11", "amoxicillin", True),
    Illness("A09.9", 9, "03.02", "", False),
    Illness("L30.9", 8, "13", "loratadine", False),
    Illness("M54.5", 9, "04.03", "ibuprofen", False),
    Illness("K02.9", 6, "12", "", False),
    Illness("J30.4", 5, "11", "loratadine", False),
    Illness("N39.0", 4, "03", "amoxicillin", False),
    Illness("R51", 4, "03.03", "ibuprofen", False),
)
ADMISSIONS = (
    Admission("J18.9", (60, 16, 30), "03.01", "cefuroxime"),
    Admission("K35.9", (12, 12, 2), "04.01", "cefuroxime"),
    Admission("I63.9", (0, 5, 18), "03.03", "aspirin"),
    Admission("I50.9", (0, 3, 16), "03.04", "furosemide"),
    Admission("I20.0", (0, 7, 14), "03.04", "metoprolol"),
    Admission("K80.2", (0, 14, 8), "04.01", "cefuroxime"),
    Admission("S52.5", (14, 12, 7), "04.03", "ibuprofen"),
    Admission("M51.2", (0, 18, 5), "04.03", "ibuprofen"),
    Admission("A09.9", (14, 6, 3), "03.02", "omeprazole"),
    Admission("N20.0", (0, 7, 2), "04.04", "ibuprofen"),
)
ALLERGENS = (("青霉素类", "medication"), ("头孢菌素类", "medication"), ("磺胺类", "medication"), ("海鲜", "food"),
             ("鸡蛋", "food"), ("花粉", "environment"))  # fmt: skip
REACTIONS = ("皮疹", "皮肤瘙痒", "胸闷气促", "面部水肿")


class Dose(NamedTuple):
    """A dose of the programme: vaccine, its name, which dose, age in months, site and route."""

    vaccine: str
    name: str
    number: int
    months: int
    route: str


SCHEDULE = (
    *(Dose(vaccine, name, number, months, route) for vaccine, name, ages, route in (
        ("HepB", "乙型肝炎疫苗", (0, 1, 6), "肌内注射"), ("BCG", "卡介苗", (0,), "皮内注射"),
        ("IPV", "脊髓灰质炎灭活疫苗", (2, 3), "肌内注射"), ("DTaP", "百白破疫苗", (2, 4, 6, 18, 72), "肌内注射"),
        ("MMR", "麻腮风疫苗", (8, 18), "皮下注射"), ("JE-L", "乙型脑炎减毒活疫苗", (8, 24), "皮下注射"),
        ("MPSV-A", "A群流脑多糖疫苗", (6, 9), "皮下注射"), ("MPSV-AC", "A群C群流脑多糖疫苗", (36, 72), "皮下注射"),
        ("HepA-L", "甲型肝炎减毒活疫苗", (18,), "皮下注射"),
    )
    for number, months in enumerate(ages, 1)),
    Dose("bOPV", "二价脊灰减毒活疫苗", 3, 4, "口服"), Dose("bOPV", "二价脊灰减毒活疫苗", 4, 48, "口服"),
)  # fmt: skip
HPV = tuple(Dose("2vHPV", "双价人乳头瘤病毒疫苗", n, months, "肌内注射") for n, months in ((1, 156), (2, 162)))
INFLUENZA = Dose("IIV", "流感病毒裂解疫苗", 1, 0, "肌内注射")
